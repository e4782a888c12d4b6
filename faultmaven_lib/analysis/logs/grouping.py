"""From distinct masked lines of one shape to templates: which words vary and which do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from faultmaven_lib.analysis.logs.masking import VALUE

Words = tuple[str | None, ...]
_ENUMERATED = 4
"""Up to so many values at a place are told apart (``up``/``down``, ``GET``/``POST``); more are a variable."""
_EXPLAINED = 0.5
"""A word is fixed if knowing it settles this share of the other words that differ."""
_FIXED_SHARE = 1 / 3
"""A template keeps at least this share of its words; lines with less in common are not one template."""


def group(rows: Sequence[tuple[str, ...]]) -> Iterator[tuple[Words, list[int]]]:
    """Partition distinct masked lines with the same punctuation into templates.

    A word that is fixed settles what stands elsewhere in the line, a variable does not. So the lines are split
    at the place with the fewest different words as long as the split explains other places, and a place whose
    words explain nothing and are many is a variable. It counts distinct masked lines, not lines: a variable is
    then rare at each of its values however frequent one of them is. Splitting at the place with the fewest
    words follows IPLoM (Makanju, Zincir-Heywood and Milios, "Clustering event logs using iterative
    partitioning", KDD 2009).

    Parameters
    ----------
    rows
        Distinct tuples of words, all of one length. Their order does not matter.

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
    todo: list[tuple[np.ndarray[Any, Any], frozenset[int]]] = [(np.arange(len(rows)), frozenset())]
    while todo:
        members, variable = todo.pop()
        part = matrix[members]
        differing = [int(p) for p in np.flatnonzero((part != part[0]).any(axis=0)) if p not in variable]
        if not differing:
            yield from _leaf(rows, members, variable)
            continue
        distinct = {p: len(np.unique(part[:, p])) for p in differing}
        place = min(differing, key=lambda p: (distinct[p], p))
        if distinct[place] <= _ENUMERATED or _explains(part, place, differing):
            todo.extend(_split(members, part[:, place], variable, place))
        else:
            todo.append((members, variable | {place}))


def _explains(part: np.ndarray[Any, Any], place: int, differing: list[int]) -> bool:
    """Whether the words at a place settle most of the other words, where there is more than one line to tell."""
    others = [p for p in differing if p != place]
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
    settled = (low == high).mean(axis=1)
    return float(np.average(settled, weights=sizes)) >= _EXPLAINED


def _split(
    members: np.ndarray[Any, Any], column: np.ndarray[Any, Any], variable: frozenset[int], place: int
) -> Iterator[tuple[np.ndarray[Any, Any], frozenset[int]]]:
    """Split by word; words that occur in one line only stay together, if they are many, as a variable."""
    values, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    single = counts == 1
    pool = single.sum() > _ENUMERATED and len(values) > _ENUMERATED
    for i in range(len(values)):
        if not (pool and single[i]):
            yield members[inverse == i], variable
    if pool:
        yield members[single[inverse]], variable | {place}


def _leaf(
    rows: Sequence[tuple[str, ...]], members: np.ndarray[Any, Any], variable: frozenset[int]
) -> Iterator[tuple[Words, list[int]]]:
    first = rows[int(members[0])]
    words: Words = tuple(None if p in variable else word for p, word in enumerate(first))
    spoken = [p for p, word in enumerate(first) if word and word != VALUE]
    fixed = [p for p in spoken if p not in variable and any(c.isalpha() for c in first[p])]
    if len(members) == 1 or not variable:
        yield first, [int(m) for m in members]
    elif fixed and len(fixed) >= _FIXED_SHARE * len(spoken):
        yield words, [int(m) for m in members]
    else:  # too little in common
        for m in members:
            yield rows[int(m)], [int(m)]
