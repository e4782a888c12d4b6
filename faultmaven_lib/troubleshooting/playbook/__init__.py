"""What to do about each mechanism: a check, a change, its risk, how to see that it helped, the way back.

Commands are suggestions to a person; nothing here is ever run. Of a check the command only reads.
"""

from __future__ import annotations

from faultmaven_lib.model import Mechanism
from faultmaven_lib.troubleshooting.playbook.connections import CONNECTIONS
from faultmaven_lib.troubleshooting.playbook.data import DATA
from faultmaven_lib.troubleshooting.playbook.releases import RELEASES
from faultmaven_lib.troubleshooting.playbook.resources import RESOURCES
from faultmaven_lib.troubleshooting.playbook.step import Step

__all__ = ["PLAYBOOK", "Step"]

PLAYBOOK: dict[Mechanism, tuple[Step, ...]] = {**DATA, **RESOURCES, **CONNECTIONS, **RELEASES}
