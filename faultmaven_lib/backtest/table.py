"""The result of a backtest as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from faultmaven_lib.backtest.intervals import Interval
from faultmaven_lib.backtest.measures import LABELS, Measure, Row
from faultmaven_lib.render import clip, count, one_line

if TYPE_CHECKING:
    from faultmaven_lib.backtest.results import Backtest

_NOTHING = "–"
_WIDE = 44
"""Longest text of a cell."""


def text(result: Backtest) -> str:
    """Return the tables of a result, each under its heading."""
    lines = [summary(result), ""]
    lines += columns([("", "value", "n", "95 % (Wilson)", "95 % (by kind)"), *_measures(result.score.measures)])
    lines += ["", "Beside it, on the same faults"]
    lines += columns([("", "AC@1", "AC@3", "Avg@5", "AC@1, 95 % (Wilson)"), *compared(result)])
    for half, score in result.halves.items():
        shown = [row for row in _measures(score.measures) if row[2] != "0"]
        lines += ["", f"The {half} half alone, {count(len(score.rows), 'incident')}"]
        lines += columns([("", "value", "n", "95 % (Wilson)", "95 % (by kind)"), *shown])
    lines += ["", "Incidents"]
    heading = ("", "true service", "rank", "said instead", "onset error", "seconds")
    lines += columns([heading, *(_incident(row) for row in result.rows)])
    lines += [""] if result.unscored or result.notes else []
    lines += [f"Not scored: {one_line(name)}: {one_line(why)}" for name, why in result.unscored]
    lines += [one_line(note) for note in result.notes]
    return "\n".join(lines)


def summary(result: Backtest) -> str:
    """Return what the backtest was of, in one sentence."""
    faults = len(result.score.faults)
    calm = len(result.rows) - faults
    done = f"{count(len(result.rows), 'incident')}, {faults} with a fault and {calm} without"
    stopped = f" (stopped after {len(result.rows) + len(result.unscored)} of {result.asked})" if result.stopped else ""
    return f"Backtest on {one_line(result.title)}: {done}{stopped}"


def compared(result: Backtest) -> list[tuple[str, ...]]:
    """Return a row of the method and one of each baseline."""
    each = {"FaultMaven": result.score.measures, **result.baselines}
    return [
        (name, *(value(measures[k]) for k in ("AC@1", "AC@3", "Avg@5")), interval(measures["AC@1"].wilson))
        for name, measures in each.items()
    ]


def value(measure: Measure) -> str:
    """Return a measure as people read it.

    Examples
    --------
    >>> value(Measure.share([True, True, False])), value(Measure.seconds([2.0, 4.0], 0.5)), value(Measure.share([]))
    ('.67', '3.0 s', '–')
    """
    if measure.value is None:
        return _NOTHING
    if measure.unit:
        return f"{measure.value:.1f} {measure.unit}"
    return f"{measure.value:.2f}".removeprefix("0")


def interval(ends: Interval | None) -> str:
    """Return an interval as people read it; a dash where there is none."""
    return _NOTHING if ends is None else " to ".join(f"{end:.2f}".removeprefix("0") for end in ends)


def offset(row: Row) -> str:
    """Return an onset error with its sign."""
    return _NOTHING if row.onset_error is None else f"{row.onset_error:+.1f} s".replace("-", "−")


def told(row: Row) -> str:
    """Return what was said instead of the truth, and the innocent change that was blamed."""
    if not row.fault and row.right:
        return "nothing, rightly"
    parts = [f"error: {row.error}" if row.error else row.instead]
    if row.fault and row.right and row.said_mechanism is not row.mechanism and row.said_mechanism is not None:
        parts.append(row.said_mechanism.phrase)
    if not row.fault and row.said:
        parts = [row.said.rstrip(".")]
    if row.blamed:
        parts.append(f"blames {row.blamed}")
    return "; ".join(filter(None, parts))


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return rows as lines, the first column left, the last as wide as it is.

    Examples
    --------
    >>> columns([("", "n"), ("lock", "2")])
    ['        n', '  lock  2']
    """
    cells = [[clip(one_line(cell), _WIDE) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip() for row in cells
    ]


def _measures(measures: dict[str, Measure]) -> list[tuple[str, ...]]:
    return [
        (LABELS[name], value(m), str(m.n), interval(m.wilson), interval(m.clustered)) for name, m in measures.items()
    ]


def _incident(row: Row) -> tuple[str, ...]:
    rank = _NOTHING if row.rank is None else str(row.rank)
    return (row.name, row.service or "(no fault)", rank, told(row), offset(row), f"{row.seconds:.1f}")
