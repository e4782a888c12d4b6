"""From distinct rows of one punctuation to templates: which words vary and which do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from faultmaven_lib.analysis.logs.rows import HOLE, is_loose
from faultmaven_lib.analysis.logs.text import Array

Words = tuple[str | None, ...]
_ENUMERATED = 4
"""Up to so many words at a place are told apart (``up``/``down``, ``GET``/``POST``); more are a variable."""
_EXPLAINED = 0.5
"""A word is fixed if knowing it settles this share of the other words that differ."""
_FIXED_SHARE = 1 / 3
"""A template keeps at least this share of its words; lines with less in common are not one template..."""
_MANY = 20
"""... unless so many of them agree in one word."""


def group(rows: Sequence[tuple[str, ...]], gaps: tuple[str, ...]) -> Iterator[tuple[Words, list[int]]]:
    """Partition distinct rows with the same punctuation into templates.

    A word that is fixed settles what stands elsewhere in the line, a variable does not. So the rows are split at
    the place with the fewest different words as long as the split explains other places, and a place whose words
    explain nothing and are many is a variable. It counts distinct rows, not lines: a variable is then rare at each
    of its values however frequent one of them is. Splitting at the place with the fewest words follows IPLoM
    (Makanju, Zincir-Heywood and Milios, "Clustering event logs using iterative partitioning", KDD 2009).

    Two kinds of places are variables without further proof: values of names (``rows.is_loose``), and those where a
    number, a path or the like stands in some of the rows that are otherwise alike.

    Parameters
    ----------
    rows
        Tuples of words, all of one length. Their order does not matter.
    gaps
        What stands before every word, and behind the last.

    Yields
    ------
    words, members
        The template (``None`` where it varies) and the row numbers it stands for.
    """
    if len(rows) == 1:
        yield rows[0], [0]
        return
    codes: dict[str, int] = {}
    matrix = np.array([[codes.setdefault(w, len(codes)) for w in row] for row in rows], dtype=np.int32)
    if not matrix.size:
        yield (), list(range(len(rows)))
        return
    hole = codes.get(HOLE, -1)
    loose = frozenset(p for p in range(matrix.shape[1]) if is_loose(gaps[p], ""))
    todo: list[tuple[Array, frozenset[int]]] = [(np.arange(len(rows)), frozenset())]
    while todo:
        members, variable = todo.pop()
        part = matrix[members]
        differing = [int(p) for p in np.flatnonzero((part != part[0]).any(axis=0)) if p not in variable]
        if not differing:
            if not variable or len(members) == 1 or _have_enough(rows, members, variable, loose):
                yield tuple(None if p in variable else w for p, w in enumerate(rows[int(members[0])])), members.tolist()
                continue
            # Too little in common. If they are many, they are apart by words that come again, or else each for itself.
            distinct = {p: len(np.unique(part[:, p])) for p in variable}
            place = min(distinct, key=lambda p: (distinct[p], p))
            if len(members) <= _MANY or distinct[place] > len(members) / 2:
                yield from ((rows[m], [m]) for m in members.tolist())
            else:
                column = part[:, place]
                todo.extend((members[column == word], frozenset()) for word in np.unique(column))
            continue
        first = rows[int(members[0])]
        named = {
            p
            for p in differing
            if p in loose and (not p or (p - 1 not in differing and is_loose(gaps[p], first[p - 1])))
        }
        if named:
            todo.append((members, variable | named))
            continue
        mixed = (part == hole).any(axis=0)
        distinct = {p: len(np.unique(part[:, p])) for p in differing}
        place = min(differing, key=lambda p: (mixed[p], distinct[p], p))
        explains = _explains(part, place, [p for p in differing if p != place], mixed)
        if mixed[place] and not explains:
            todo.append((members, variable | frozenset(differing)))
        elif (
            explains
            or distinct[place] <= _ENUMERATED
            or all("..." in rows[int(m)][place] for m in members)  # "name.......<*>", as tables are printed
        ):
            todo.extend(_split(members, part[:, place], variable, place))
        else:
            todo.append((members, variable | {place}))


def _explains(part: Array, place: int, others: list[int], mixed: Array) -> bool:
    """Whether the words at a place settle most of the other words, where there is more than one row to tell."""
    if not others:
        return False
    _, inverse, counts = np.unique(part[:, place], return_inverse=True, return_counts=True)
    repeated = counts[inverse] > 1
    if repeated.sum() < max(2, len(part) / 2):
        return False
    order = np.argsort(inverse[repeated], kind="stable")
    keys, values = inverse[repeated][order], part[repeated][order][:, others]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    low = np.minimum.reduceat(values, starts, axis=0)
    high = np.maximum.reduceat(values, starts, axis=0)
    sizes = np.diff(np.r_[starts, len(keys)])
    settled = np.average(low == high, axis=0, weights=sizes)
    # A place of values where most are masked alike is settled by anything: that explains nothing.
    common = np.array([np.unique(column, return_counts=True)[1].max() / len(column) for column in values.T])
    return float(np.where((settled > common) | ~mixed[others], settled, 0).mean()) >= _EXPLAINED


def _split(
    members: Array, column: Array, variable: frozenset[int], place: int
) -> Iterator[tuple[Array, frozenset[int]]]:
    """Split by word; words that occur in one row only stay together, if they are many, as a variable."""
    values, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    single = counts == 1
    pool = single.sum() > _ENUMERATED and len(values) > _ENUMERATED
    for i in range(len(values)):
        if not (pool and single[i]):
            yield members[inverse == i], variable
    if pool:
        yield members[single[inverse]], variable | {place}


def _have_enough(
    rows: Sequence[tuple[str, ...]], members: Array, variable: frozenset[int], loose: frozenset[int]
) -> bool:
    """Whether rows have enough in common to be one template."""
    first = rows[int(members[0])]
    spoken = [p for p, word in enumerate(first) if p not in loose and word and word != HOLE]
    fixed = [p for p in spoken if p not in variable and any(c.isalpha() for c in first[p])]
    return bool(fixed) and (len(fixed) >= _FIXED_SHARE * len(spoken) or len(members) > _MANY)
