"""The answer to a probe, measured: how a reading in the window differs from the baseline."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from faultmaven_lib.model import FindingKind, Mechanism, Window
from faultmaven_lib.troubleshooting.probes import PROBES, Reading

COLUMNS = ("service", "mechanism", "reading", "subject", "before", "after", "outcome", "sentence")
_FEW = 3
"""Samples on either side, without which nothing is said."""
_BY = 1.25
"""By so much has a level to leave the range of the baseline."""
_LINES, _TIMES = 2, 3.0
"""So many lines, and so many times as many a second as in the baseline, make a message new."""
_BINS, _STEADY = 8, 0.8
Outcome = Literal["yes", "no", "unclear"]
Values = npt.NDArray[np.float64]


def measure(frames: Sequence[pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Answer a probe from what its queries returned.

    Parameters
    ----------
    frames
        What came back, in the order of ``roles``.
    parameters
        ``mechanism`` and ``service`` of the probe; ``roles``: for each frame ``<reading> baseline``, ``<reading>
        incident`` or ``<reading> findings`` by the number of the reading; ``seconds``: lengths of both windows.

    Returns
    -------
    DataFrame
        A row a reading that could be had, columns ``service, mechanism, reading, subject, before, after, outcome``
        (yes, no, unclear) ``, sentence``. Failing calls that say what is looked for in the log of who is called are one
        of ``traces``.
    """
    mechanism, service = Mechanism(parameters["mechanism"]), str(parameters["service"])
    given: dict[str, list[pd.DataFrame]] = {}
    for role, frame in zip(parameters["roles"], frames, strict=True):
        given.setdefault(role, []).append(frame)
    rows = []
    for number, reading in enumerate(PROBES[mechanism].readings):
        before, after, found = (given.get(f"{number} {side}", []) for side in ("baseline", "incident", "findings"))
        told: list[tuple[str, dict[str, Any]]] = []
        if reading.kind == "traces" and found:
            told = [("traces", _found(reading, found, service))]
        elif reading.kind == "logs" and before and after:
            told = [("logs", _lines(reading, before, after, service, parameters["seconds"]))]
            told += [("traces", row) for row in _failing(reading, found, service)]
        elif reading.kind == "metrics" and before and after:
            told = [("metrics", _series(reading, before, after, service))]
        rows += [{"service": service, "mechanism": mechanism.value, "reading": kind, **row} for kind, row in told]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"before": "float64", "after": "float64"})


def outcome_of(answer: pd.DataFrame) -> tuple[Outcome, str]:
    """Return the outcome of a probe and the sentence that tells it: one yes is a yes, a no takes a reading.

    Examples
    --------
    >>> outcome_of(pd.DataFrame(columns=list(COLUMNS)))
    ('unclear', '')
    """
    for outcome in ("yes", "no"):
        rows = answer[answer["outcome"] == outcome]
        if len(rows):
            return outcome, " ".join(rows["sentence"].astype(str)) if outcome == "no" else str(rows["sentence"].iloc[0])
    return "unclear", " ".join(answer["sentence"].astype(str))


def seconds_of(baseline: Window, window: Window) -> list[float]:
    """Return the lengths of two windows, as ``measure`` takes them."""
    return [baseline.length.total_seconds(), window.length.total_seconds()]


def _row(subject: str, before: float, after: float, outcome: Outcome, sentence: str) -> dict[str, Any]:
    return {"subject": subject, "before": before, "after": after, "outcome": outcome, "sentence": sentence}


# ---- traces


def _found(reading: Reading, frames: list[pd.DataFrame], service: str) -> dict[str, Any]:
    findings = pd.concat(frames, ignore_index=True)
    mine = findings[findings["service"].astype(str) == service]
    mine = mine[mine["subject"].astype(str).str.contains(_plain(reading.pattern), case=False, regex=True)]
    if mine.empty:
        return _row(
            reading.pattern, np.nan, np.nan, "no", f"The comparison of traces finds no such thing of {service}."
        )
    first = mine.sort_values("score", ascending=False, kind="stable").iloc[0]
    return _row(str(first["subject"]), float(first["before"]), float(first["after"]), "yes", str(first["sentence"]))


def failing(findings: pd.DataFrame, reading: Reading, service: str) -> pd.DataFrame:
    """Return the findings on calls to a service that fail with such a message, where it passes none of them on.

    Who fails since those it calls do repeats what they said.
    """
    errors = findings[findings["kind"].astype(str) == FindingKind.EDGE_ERRORS.value]
    says = errors["example"].astype(str).str.contains(_plain(reading.pattern), case=False, regex=True)
    errors = errors[says & (errors["direction"].astype(str) == "up")]
    if errors["subject"].astype(str).str.startswith(f"{service} → ").any():
        return errors.iloc[:0]
    return errors[errors["service"].astype(str) == service]


def _failing(reading: Reading, frames: list[pd.DataFrame], service: str) -> list[dict[str, Any]]:
    mine = failing(pd.concat(frames, ignore_index=True), reading, service) if frames else pd.DataFrame()
    if mine.empty:
        return []
    first = mine.sort_values("score", ascending=False, kind="stable").iloc[0]
    before, after = float(first["before"]), float(first["after"])
    return [_row(str(first["subject"]), before, after, "yes", str(first["sentence"]))]


# ---- logs


def _lines(
    reading: Reading, before: list[pd.DataFrame], after: list[pd.DataFrame], service: str, seconds: Sequence[float]
) -> dict[str, Any]:
    n_before, n_after = (sum(_matching(frame, reading, service) for frame in side) for side in (before, after))
    was, now = n_before / max(seconds[0], 1e-9), n_after / max(seconds[1], 1e-9)
    outcome: Outcome = "yes" if n_after >= _LINES and now >= _TIMES * was else "no"
    whose = f"The log of {service} has" if reading.whose == "own" else "The logs have"
    told = (
        f"{whose} {n_after:,} such {'line' if n_after == 1 else 'lines'} in the window, {n_before:,} in the baseline."
    )
    return _row(reading.pattern, float(n_before), float(n_after), outcome, told)


def _matching(frame: pd.DataFrame, reading: Reading, service: str) -> int:
    if frame.empty:
        return 0
    lines = frame if reading.whose == "anyone" else frame[frame["service"].astype(str) == service]
    return int(lines["message"].astype(str).str.contains(_plain(reading.pattern), case=False, regex=True).sum())


# ---- metrics


def _series(reading: Reading, before: list[pd.DataFrame], after: list[pd.DataFrame], service: str) -> dict[str, Any]:
    told: list[tuple[float, dict[str, Any]]] = []
    for earlier, later in zip(before, after, strict=True):
        for column in later.columns:
            name = "_".join(str(part) for part in column[1:] if str(part))
            mine = reading.whose == "anyone" or str(column[0]) == service
            if not mine or not re.search(reading.pattern, name, re.IGNORECASE):
                continue
            now = _values(later[column], name)
            was = _values(earlier[column], name) if column in earlier.columns else now[:0]
            if len(was) >= _FEW and len(now) >= _FEW:
                told.append(_moved(reading, str(column[0]), name, was, now))
    if not told:
        return _row(reading.pattern, np.nan, np.nan, "unclear", f"There are too few samples of {service} to tell.")
    return max(told, key=lambda entry: entry[0])[1]


def _values(series: pd.Series[Any], name: str) -> Values:
    values = series.to_numpy(dtype="float64")
    values = values[np.isfinite(values)]
    if re.search(r"_(total|count|sum)(\W|$)", name) and len(values) > 1 and bool((np.diff(values) >= 0).all()):
        values = np.diff(values)
    return np.asarray(values)


def _moved(reading: Reading, service: str, name: str, was: Values, now: Values) -> tuple[float, dict[str, Any]]:
    low, high = float(np.quantile(now, 0.1)), float(np.quantile(now, 0.9))
    usual = float(np.median(was))
    up = _beyond(high, float(was.max()), usual)
    down = _beyond(-low, -float(was.min()), -usual)
    if reading.how == "grows":
        up = up if _grows(now) else 0.0
    far, end = (down, low) if reading.how == "falls" or (reading.how == "moves" and down > up) else (up, high)
    outcome: Outcome = "yes" if far > 0 else "no"
    if reading.how == "grows":
        verb = "grows steadily" if outcome == "yes" else "does not grow steadily"
    else:
        verb = "goes beyond its baseline" if outcome == "yes" else "stays within its baseline"
    told = f"{name} of {service} {verb}: usually {usual:.3g}, then {end:.3g}."
    return far, _row(name, usual, end, outcome, told)


def _beyond(end: float, edge: float, usual: float) -> float:
    """Return how far a level lies beyond the range of the baseline, in parts of what is usual; 0 if within."""
    least = (_BY - 1.0) * abs(usual)
    return (end - edge) / max(abs(usual), 1e-9) if end > edge and end - usual > least else 0.0


def _grows(now: Values) -> bool:
    """Whether a series rises steadily up to its peak, which is no step: a leak, until it ends in a restart."""
    peak = now[: int(now.argmax()) + 1]
    if len(peak) < 2 * _FEW:
        return False
    parts = [float(np.median(part)) for part in np.array_split(peak, min(_BINS, len(peak) // 2)) if len(part)]
    steps = np.diff(parts)
    rise = parts[-1] - parts[0]
    steady = bool((steps >= 0).mean() >= _STEADY)
    # A step has all its rise in one place; a leak spreads it.
    return rise > 0 and steady and float(steps.max()) <= 0.6 * rise


def _plain(pattern: str) -> str:
    """Return a pattern without groups that capture, of which pandas would warn."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)
