"""The result of a backtest as one self-contained page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faultmaven_lib.backtest import table
from faultmaven_lib.backtest.measures import LABELS
from faultmaven_lib.render import page
from faultmaven_lib.render.templating import render

if TYPE_CHECKING:
    from faultmaven_lib.backtest.results import Backtest


def html(result: Backtest) -> str:
    """Return the page: summary, measures with their intervals, baselines, every incident."""
    body = render(
        "backtest.html",
        "faultmaven_lib.backtest",
        result=result,
        summary=table.summary(result),
        labels=LABELS,
        compared=table.compared(result),
        value=table.value,
        interval=table.interval,
        offset=table.offset,
        told=table.told,
    )
    return page(f"Backtest on {result.title}", body)
