"""The command line: ``faultmaven …``.

Exit codes are those of ``diff``: 0 nothing stands out or all is as recorded, 1 a cause stands out or something has
changed, 2 trouble.
"""

from faultmaven_lib.cli.backtesting import backtest
from faultmaven_lib.cli.commands import main
from faultmaven_lib.cli.knowledge import knowledge

main.add_command(backtest)
main.add_command(knowledge)

__all__ = ["main"]
