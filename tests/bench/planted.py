"""One change planted into the second of two windows of a real log, with the lines that it made or took.

An affected line is one that the change added, removed or altered. The factor of a surge or a dip is that of the whole
window: its lines are added or removed after an onset. What is planted in is a template of this project's miner, or a
field, of the pair as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from faultmaven_lib.analysis import TemplateMiner
from faultmaven_lib.analysis.statistics import rate_change
from tests.bench.log_windows import Pair

NEW, SURGE, DIP, VALUE, NUMBER, REWORDED = (
    "new message", "surge", "dip", "new value", "number × factor", "reworded message",
)  # fmt: skip
WITH_FACTOR = (SURGE, DIP, NUMBER)
KINDS = (NEW, SURGE, DIP, VALUE, NUMBER, REWORDED)
_NO_VALUES = {"service", "level", "message", "source", "line", "exception", "traceback"}
_NUMBERED = {"pid", "tid", "thread", "connection", "port", "session", "seq", "request_id", "trace_id", "span_id"}
"""Fields that number things: another value there is no change."""
_WORDS = (
    "local remote current following given actual next stored active shared common general simple second main single "
    "regular partial small complete entry item part unit record group section now here today again also then"
).split()
_AMOUNT = re.compile(r"^(-?\d+(?:\.\d+)?)([a-zA-Zµ%]{0,3})$")
_WORD = re.compile(r"^[A-Za-z]{2,}[:,.]?$")


@dataclass(frozen=True)
class Planted:
    """A pair of windows with a change in the second one, and what changed."""

    pair: Pair
    kind: str
    service: str
    rows: np.ndarray
    """Affected lines: rows of ``pair.after``; for a dip of ``gone``."""
    gone: pd.DataFrame
    """Lines that were removed."""
    values: list[str] = field(default_factory=list)
    """What now stands in the changed field, or behind the changed place, of every affected line."""
    templates: int = 0
    """Templates of both windows together, each once a service."""


class Bed:
    """A pair to plant in, with its lines by service and template."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        both = pd.concat([pair.before, pair.after])
        miner = TemplateMiner()
        ids = miner.fit_transform(both["message"])
        self.miner = miner
        self.group = np.array([f"{s}\0{i}" for s, i in zip(both["service"], ids, strict=True)], dtype=object)
        self.was, self.now = self.group[: len(pair.before)], self.group[len(pair.before) :]
        names, number = np.unique(self.group, return_inverse=True)
        self.names = names.tolist()
        self.counts = (
            np.bincount(number[: len(self.was)], minlength=len(names)),
            np.bincount(number[len(self.was) :], minlength=len(names)),
        )

    def plant(self, kind: str, n: int, factor: float, rng: np.random.Generator) -> Planted | None:
        """Plant a change that affects n lines; return None where nothing in this pair suits."""
        planted = _PLANTERS[kind](self, n, factor, rng)
        return planted and replace(planted, templates=len(self.names))

    def template(self, group: str) -> str:
        return str(self.miner.templates_["template"].get(group.partition("\0")[2], ""))

    def stream(self, n: int, share: tuple[float, float], rng: np.random.Generator) -> Iterator[str]:
        """Yield in random order the groups of which n lines are such a share in the second window."""
        chosen = np.flatnonzero((self.counts[1] * share[0] <= n) & (n <= self.counts[1] * share[1]))
        for i in rng.permutation(chosen).tolist():
            if self.counts[0][i] >= 5:
                yield self.names[i]


def _new(bed: Bed, n: int, factor: float, rng: np.random.Generator) -> Planted | None:
    """Take a template out of both windows, and put n of its lines back after an onset."""
    groups = [g for i, g in enumerate(bed.names) if bed.counts[0][i] + bed.counts[1][i] <= len(bed.now) / 4]
    if not groups:
        return None
    group = str(rng.choice(groups))
    pair = bed.pair
    lines = pd.concat([pair.before[bed.was == group], pair.after[bed.now == group]])
    drawn = lines.iloc[np.sort(rng.choice(len(lines), n, replace=len(lines) < n))]
    kept = Pair(pair.log, pair.before[bed.was != group], pair.after[bed.now != group], pair.windows)
    return _added(kept, drawn, NEW, rng)


def _surge(bed: Bed, n: int, factor: float, rng: np.random.Generator) -> Planted | None:
    """Add n lines to a template, so that it comes ``factor`` times as often."""
    group = _steady(bed, n / (factor - 1), rng)
    if group is None:
        return None
    lines = bed.pair.after[bed.now == group]
    return _added(bed.pair, lines.iloc[np.sort(rng.choice(len(lines), n, replace=True))], SURGE, rng)


def _dip(bed: Bed, n: int, factor: float, rng: np.random.Generator) -> Planted | None:
    """Remove n lines of a template, so that it comes 1 / ``factor`` times as often."""
    group = _steady(bed, n / (1 - 1 / factor), rng, least=n)
    if group is None:
        return None
    rows = np.flatnonzero(bed.now == group)
    late = rows[int(rng.integers(0, len(rows) - n + 1)) :]
    taken = np.sort(rng.choice(late, n, replace=False))
    after = bed.pair.after
    kept = np.ones(len(after), bool)
    kept[taken] = False
    pair = Pair(bed.pair.log, bed.pair.before, after[kept], bed.pair.windows)
    return Planted(pair, DIP, str(after["service"].iloc[taken[0]]), np.arange(n), after.iloc[taken])


def _steady(bed: Bed, lines: float, rng: np.random.Generator, least: int = 1) -> str | None:
    """Choose a template of about so many lines, rather fewer, whose rate did not change by itself."""
    was, now = bed.counts
    p, _ = rate_change(was.astype(float), now.astype(float), 0.5, np.ones(len(was)))
    chosen = np.flatnonzero((now >= max(0.75 * lines, least)) & (now <= np.ceil(lines)) & (was > 0) & (p >= 0.05))
    return bed.names[int(rng.choice(chosen))] if len(chosen) else None


def _value(bed: Bed, n: int, factor: float, rng: np.random.Generator) -> Planted | None:
    """Put a value that was never there into n lines, where a field or a place has few values."""
    for group in bed.stream(n, (0, 0.8), rng):
        rows = np.flatnonzero(bed.now == group)
        late = rows[int(rng.integers(0, len(rows) - n + 1)) :]
        taken = np.sort(rng.choice(late, n, replace=False))
        columns = _columns(bed, group)
        for name in rng.permutation(sorted(columns)).tolist():
            was, now = (x.dropna().map(_written) for x in columns[name])
            if len(was) < 20 or not _is_category(set(was)) or not set(now) <= set(was):
                continue
            old = str(now.iloc[0])
            new = _other(old, set(was), rng)
            found = _altered(bed, VALUE, group, taken, name, lambda _, new=new: new) if new else None
            if found is not None:
                return found
    return None


def _number(bed: Bed, n: int, factor: float, rng: np.random.Generator) -> Planted | None:
    """Multiply a quantity of a template, from an onset on."""
    for group in bed.stream(n, (0.3, 0.8), rng):
        taken = np.flatnonzero(bed.now == group)[-n:]
        columns = _columns(bed, group)
        for name in rng.permutation(sorted(columns)).tolist():
            parts = [x.dropna().map(_written).str.extract(_AMOUNT) for x in columns[name]]
            was, now = (pd.to_numeric(part[0]).to_numpy("float64") for part in parts)
            if np.isnan(now).any() or not _is_quantity(was[~np.isnan(was)], now):
                continue
            found = _altered(bed, NUMBER, group, taken, name, lambda value: _times(value, factor))
            if found is not None:
                return found
    return None


def _times(value: str, factor: float) -> str:
    """Return a number, with the unit that may follow it, times a factor, with as many decimals."""
    found = _AMOUNT.match(value)
    assert found is not None
    decimals = len(found[1].partition(".")[2])
    return f"{float(found[1]) * factor:.{decimals}f}{found[2]}"


def _is_category(values: set[str]) -> bool:
    """Whether a field has few values that are names or codes: no amounts, no yes and no."""
    names = all(any(c.isalpha() for c in v) or not v.replace(".", "").isdigit() for v in values)
    codes = all(v.isdigit() and len(v) >= 3 for v in values) and len({len(v) for v in values}) == 1
    return len(values) <= 8 and (names or codes) and not values & {"True", "False", ""}


def _is_quantity(was: np.ndarray, now: np.ndarray) -> bool:
    both = np.concatenate([was, now])
    if len(was) < 5 or both.min() <= 0 or len(np.unique(both)) < 5:
        return False
    low, high = np.percentile(both, [10, 90])
    # What numbers things is whole and seldom twice the same, and large or grows: orders, ports, processes.
    whole = (both == np.round(both)).all() and len(np.unique(both)) > 0.5 * len(both)
    ids = whole and (np.median(both) >= 1000 or (np.diff(both) > 0).mean() > 0.7)
    return bool(high <= 100 * low and not ids)


def _reworded(bed: Bed, n: int, factor: float, rng: np.random.Generator) -> Planted | None:
    """Write a message in other words from an onset on: one in four words replaced, or some added, or moved."""
    for group in bed.stream(n, (0.3, 0.8), rng):
        tokens = bed.template(group).split(" ")
        words = [i for i, token in enumerate(tokens) if _WORD.match(token)]
        if len(words) < 3:
            continue
        way = int(rng.integers(3))
        if way == 0:
            for i in rng.choice(words, max(len(words) // 4, 1), replace=False):
                tokens[i] = str(rng.choice(_WORDS))
        elif way == 1:
            for word in rng.choice(_WORDS, int(rng.integers(1, 3)), replace=False):
                tokens.insert(int(rng.integers(len(tokens) + 1)), str(word))
        else:
            tokens.append(tokens.pop(words[0]))
            tokens.insert(0, str(rng.choice(_WORDS)))
        pieces = " ".join(tokens).split("<*>")
        taken = np.flatnonzero(bed.now == group)[-n:]
        messages = bed.pair.after["message"].iloc[taken].tolist()
        values = bed.miner.parameters(messages)
        pair = _rewritten(bed.pair, taken, [_filled(pieces, v) for v in values])
        return Planted(pair, REWORDED, group.partition("\0")[0], taken, pair.after.iloc[:0])
    return None


def _columns(bed: Bed, group: str) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Return the fields of a group's lines, and by number what stands in the places of its template."""
    sides = bed.pair.before[bed.was == group], bed.pair.after[bed.now == group]
    names = [c for c in sides[1].columns if c not in _NO_VALUES | _NUMBERED and sides[1][c].notna().all()]
    found = {str(c): (sides[0][c], sides[1][c]) for c in names if sides[0][c].notna().any()}
    places = [pd.DataFrame(bed.miner.parameters(side["message"])) for side in sides]
    for place in range(min(len(p.columns) for p in places)):
        found[str(place)] = places[0][place], places[1][place]
    return found


def _other(value: str, known: set[str], rng: np.random.Generator) -> str | None:
    """Return a value of the same look that is none of these."""
    for _ in range(20):
        letters = list(value)
        digits = [i for i, c in enumerate(letters) if c.isdigit()]
        chosen = digits[-2:] or [i for i, c in enumerate(letters) if c.isalpha()][-3:]
        for i in chosen:
            letters[i] = str(rng.integers(1, 10)) if letters[i].isdigit() else str(rng.choice(list("abcdefghij")))
        new = "".join(letters)
        if chosen and new not in known:
            return new
    return None


def _altered(
    bed: Bed, kind: str, group: str, taken: np.ndarray, name: str, change: Callable[[str], str]
) -> Planted | None:
    """Change a field or a place of some lines; other fields and places that say the same there follow."""
    after = bed.pair.after
    pieces = bed.template(group).split("<*>")
    found = bed.miner.parameters(after["message"].iloc[taken])
    if any(len(v) + 1 != len(pieces) for v in found):
        return None
    fields = {c: [_written(v) for v in after[c].iloc[taken]] for c in after.columns if c not in _NO_VALUES | _NUMBERED}
    old = fields[name] if name in fields else [v[int(name)] for v in found]
    new = [change(v) for v in old]
    changed = after.copy()
    for column in [c for c, values in fields.items() if values == old]:
        numeric = pd.api.types.is_numeric_dtype(after[column].dtype)
        values = after[column].astype("float64") if numeric else after[column].copy()
        values.iloc[taken] = [float(v) for v in new] if numeric else new
        changed[column] = values
    places = [i for i, values in enumerate(zip(*found, strict=True)) if list(values) == old]
    texts = [
        _filled(pieces, tuple(n if i in places else w for i, w in enumerate(v)))
        for v, n in zip(found, new, strict=True)
    ]
    pair = Pair(bed.pair.log, bed.pair.before, changed, bed.pair.windows)
    if places:
        pair = _rewritten(pair, taken, texts)
    return Planted(pair, kind, group.partition("\0")[0], taken, after.iloc[:0], new)


def _written(value: object) -> str:
    if value is None or value != value:  # what a line does not have
        return ""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _filled(pieces: list[str], values: tuple[str, ...]) -> str:
    return "".join(p + v for p, v in zip(pieces, (*values, ""), strict=False))


def _rewritten(pair: Pair, taken: np.ndarray, texts: list[str]) -> Pair:
    after = pair.after.copy()
    column = after["message"].to_numpy(dtype=object, copy=True)
    column[taken] = texts
    after["message"] = pd.Series(column, index=after.index, dtype="str")
    return Pair(pair.log, pair.before, after, pair.windows)


def _added(pair: Pair, lines: pd.DataFrame, kind: str, rng: np.random.Generator) -> Planted:
    """Put lines into the second window, evenly after an onset in its first four fifths."""
    start, end = (pd.Timestamp(t) for t in (pair.windows[1].start, pair.windows[1].end))
    onset = rng.uniform(0, 0.8)
    at = start + pd.to_timedelta((end - start) * np.sort(rng.uniform(onset, 1, len(lines))))
    known = pair.after.index
    if (known == known.floor("s")).all():  # a log that writes no fractions of seconds
        at = at.floor("s")
    lines = lines.set_index(at.rename(known.name))
    every = pd.concat([pair.after, lines])
    order = np.argsort(every.index, kind="stable")
    rows = np.flatnonzero(order >= len(pair.after))
    planted = Pair(pair.log, pair.before, every.iloc[order], pair.windows)
    return Planted(planted, kind, str(lines["service"].iloc[0]), rows, lines.iloc[:0])


_PLANTERS = {NEW: _new, SURGE: _surge, DIP: _dip, VALUE: _value, NUMBER: _number, REWORDED: _reworded}
