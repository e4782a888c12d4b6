"""Entries: what is to be found, as counts of terms and as one vector, and how both are kept in the database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faultmaven_lib.knowledge.pages import ABOUT
from faultmaven_lib.knowledge.prose import pieces, prose, spoken
from faultmaven_lib.knowledge.words import term_id, terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]
    Counts = tuple[NDArray[np.uint32], NDArray[np.uint16]]
    """Terms and how often each occurs."""

GROUP = 12
"""Parts that are searched as one; a longer document is several, of which the best counts."""
_TITLE_COUNTS = 5
"""A word of the title counts as one that the text has so many times more."""
_TITLE_WEIGHT = 0.6
"""Of the title beside the text, in the vector of a document."""
_ADDRESS = re.compile(r"\]\([^()\s]*\)|https?://\S+")
"""Its words are those of a path on somebody's server."""


@dataclass(frozen=True)
class Entry:
    """What is to be found: a document or a case, in parts."""

    key: str
    title: str
    parts: tuple[tuple[str, str], ...]
    """Pairs of heading and text."""
    marks: tuple[str, ...] = ()
    """Terms that are taken as they are, such as ``service=api``."""

    def groups(self) -> list[tuple[tuple[str, str], ...]]:
        """Return the parts in groups; one, if there are none."""
        return [self.parts[at : at + GROUP] for at in range(0, max(len(self.parts), 1), GROUP)]


def counts_of(entry: Entry) -> list[Counts]:
    """Count the terms of each group of an entry's parts.

    Examples
    --------
    >>> ((ids, counts),) = counts_of(Entry("a", "Disk full", (("Checks", "run df"), ("", "full disks"))))
    >>> counts.tolist(), len(ids)
    ([6, 6, 1, 1, 1], 5)
    """
    found = []
    title = Counter({term: n * _TITLE_COUNTS for term, n in Counter(terms(entry.title)).items()})
    for group in entry.groups():
        counted = title.copy()
        counted.update(entry.marks)
        headings = dict.fromkeys(step for heading, _ in group for step in heading.split(" › "))
        for text in (*headings, *(_ADDRESS.sub("]", text) for _, text in group)):
            counted.update(terms(text))
        ids = Counter[int]()
        for term, n in counted.items():
            ids[term_id(term)] += n
        found.append(
            (
                np.fromiter(ids, np.uint32, len(ids)),
                np.minimum(np.fromiter(ids.values(), np.int64, len(ids)), 65_535).astype(np.uint16),
            )
        )
    return found


def vectors_of(entries: Sequence[Entry], embed: Embed) -> list[NDArray[np.float32]]:
    """Return a vector for each group of each entry's parts, of length 1.

    It is the mean of the vectors of what the parts say, the first part of the document (which mostly says what it is
    about) counted once more, and a share of that of the title.
    """
    texts: list[str] = []
    plans = [_plan(entry, texts) for entry in entries]
    rows = embed(texts)
    return [np.stack([_vector(plan, rows) for plan in groups]) for groups in plans]


_Plan = tuple[list[int], list[int], int | None]
"""Places of the texts of a group, of the first part of the document, and of the title."""


def _plan(entry: Entry, texts: list[str]) -> list[_Plan]:
    def put(text: str) -> int:
        texts.append(text)
        return len(texts) - 1

    title = put(spoken(entry.title)) if any(not term.isdigit() for term in terms(entry.title)) else None
    groups: list[list[list[int]]] = []
    lead: list[int] = []
    for group in entry.groups():
        parts = []
        for heading, text in group:
            where = heading.replace(" › ", ", ")
            part = [put(f"{where}: {piece}" if where else piece) for piece in pieces(prose(text))]
            parts.append(part)
            if not lead and heading != ABOUT:
                lead = part
        groups.append([part for part in parts if part])
    lead = lead or next((part for parts in groups for part in parts), [])
    return [([place for part in parts for place in part], lead, title) for parts in groups]


def _vector(plan: _Plan, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    places, lead, title = plan
    vector = np.zeros(rows.shape[1], dtype=np.float32)
    if lead:
        first = rows[lead].mean(axis=0)
        parts = rows[places].sum(axis=0) if places else np.zeros_like(first)
        vector = _unit(parts + first)
    if title is not None:
        vector = vector + (_TITLE_WEIGHT if lead else 1.0) * rows[title]
    return _unit(vector)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.float32(np.linalg.norm(vector))
    return np.asarray(vector / length, dtype=np.float32) if length else vector


def question_vector(text: str, embed: Embed) -> NDArray[np.float32]:
    """Return the vector of a question: that of its words, names taken apart; of a long one the mean of its pieces."""
    said = pieces(prose(spoken(text))) or pieces(spoken(text)) or ["?"]
    return _unit(np.mean(embed(said[:_PIECES]), axis=0, dtype=np.float32))


_PIECES = 8


def pack_counts(groups: Sequence[Counts]) -> bytes:
    """Return counts as they are kept: how many groups, how many terms in each, terms, counts."""
    head = np.array([len(groups), *(len(ids) for ids, _ in groups)], dtype="<u4")
    ids = [ids.astype("<u4") for ids, _ in groups]
    counts = [counts.astype("<u2") for _, counts in groups]
    return b"".join(array.tobytes() for array in (head, *ids, *counts))


def unpack_counts(data: bytes) -> Iterator[Counts]:
    """Yield the counts of each group again."""
    n = int(np.frombuffer(data, "<u4", 1)[0])
    lengths = np.frombuffer(data, "<u4", n, 4).astype(np.int64)
    total = int(lengths.sum())
    ids = np.frombuffer(data, "<u4", total, 4 * (n + 1)).astype(np.uint32)
    counts = np.frombuffer(data, "<u2", total, 4 * (n + 1 + total)).astype(np.uint16)
    ends = np.cumsum(lengths)
    for start, end in zip(ends - lengths, ends, strict=True):
        yield ids[start:end], counts[start:end]


def pack_vectors(rows: NDArray[np.float32]) -> bytes:
    """Return vectors as they are kept: half precision is as much as a cosine needs."""
    return np.array([rows.shape[0]], dtype="<u4").tobytes() + rows.astype("<f2").tobytes()


def unpack_vectors(data: bytes) -> NDArray[np.float32]:
    """Return the vectors again, a row for each group."""
    n = int(np.frombuffer(data, "<u4", 1)[0])
    return np.frombuffer(data, "<f2", offset=4).astype(np.float32).reshape(n, -1)
