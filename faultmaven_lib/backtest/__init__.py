"""Backtest: the whole investigation on incidents whose cause is known, and how often it was right.

Examples
--------
>>> from faultmaven_lib.backtest import backtest, shipped
>>> result = backtest(shipped().only("healthy"))
>>> result.rows[0].alarmed, result.score["false_alarms"].value
(False, 0.0)
"""

from faultmaven_lib.backtest.collecting import Incidents, Known, closed_cases, recorded, shipped
from faultmaven_lib.backtest.keeping import keep
from faultmaven_lib.backtest.measures import Measure, Row, Score
from faultmaven_lib.backtest.results import Backtest
from faultmaven_lib.backtest.running import backtest

__all__ = [
    "Backtest",
    "Incidents",
    "Known",
    "Measure",
    "Row",
    "Score",
    "backtest",
    "closed_cases",
    "keep",
    "recorded",
    "shipped",
]
