"""The result of a backtest: its rows, its score, the baselines beside it; as a table, as JSON, as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from faultmaven_lib.backtest import baselines, page, table
from faultmaven_lib.backtest.measures import Measure, Row, Score


@dataclass(frozen=True)
class Backtest:
    """What a backtest found.

    Printed it is a table; ``to_dict`` is for scripts, ``html`` for people without a terminal.

    Parameters
    ----------
    title
        Which set of incidents.
    rows
        The incidents that were scored.
    unscored
        Name and reason of those that could not be.
    asked
        How many incidents the set has.
    notes
        What had been left out of the set.
    stopped
        Whether it was interrupted before the end.

    Examples
    --------
    >>> result = Backtest("two incidents", (Row(name="7", kind="lock", service="db", ranking=("web", "db")),), asked=2)
    >>> result.to_dict()["AC@1"], result.to_dict()["AC@3"], [row.name for row in result.wrong]
    (0.0, 1.0, ['7'])
    """

    title: str
    rows: tuple[Row, ...]
    unscored: tuple[tuple[str, str], ...] = ()
    asked: int = 0
    notes: tuple[str, ...] = ()
    stopped: bool = False

    @cached_property
    def score(self) -> Score:
        """The measures of all incidents."""
        return Score(self.rows)

    @cached_property
    def baselines(self) -> dict[str, dict[str, Measure]]:
        """AC@1, AC@3 and Avg@5 of the baselines on the same incidents, by name."""
        return baselines.measured(self.rows)

    @cached_property
    def halves(self) -> dict[str, Score]:
        """The measures of the development and the test half; empty where the set is not split or one half is asked."""
        parts = {half: [row for row in self.rows if row.half == half] for half in ("dev", "test")}
        return {half: Score(rows) for half, rows in parts.items()} if all(parts.values()) else {}

    @property
    def wrong(self) -> tuple[Row, ...]:
        """The incidents whose first cause was wrong, the non-faults for which one was named, and those that broke."""
        return tuple(row for row in self.rows if not row.right)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON takes it, the measures at the top level."""
        return {
            **_values(self.score.measures),
            "n": {"incidents": len(self.rows), "faults": len(self.score.faults), "asked": self.asked},
            "intervals": _intervals(self.score.measures),
            "halves": {
                name: {**_values(half.measures), "n": len(half.rows), "intervals": _intervals(half.measures)}
                for name, half in self.halves.items()
            },
            "baselines": {
                name: {**_values(measures), "intervals": _intervals(measures)}
                for name, measures in self.baselines.items()
            },
            "incidents": [
                {
                    **row.model_dump(mode="json", exclude={"services", "z_ranking"}),
                    "rank": row.rank,
                    "right": row.right,
                    "instead": row.instead,
                }
                for row in self.rows
            ],
            "unscored": [{"name": name, "why": why} for name, why in self.unscored],
            "set": self.title,
            "notes": list(self.notes),
            "stopped": self.stopped,
        }

    def html(self) -> str:
        """Return one self-contained page."""
        return page.html(self)

    def __str__(self) -> str:
        return table.text(self)


def _values(measures: Mapping[str, Measure]) -> dict[str, float | None]:
    return {name: measure.value for name, measure in measures.items()}


def _intervals(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {
        name: {"n": measure.n, "wilson": measure.wilson, "clustered": measure.clustered}
        for name, measure in measures.items()
    }
