"""The lexicon: how often each term occurs, and what that makes of the words of a text and of a question."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from faultmaven_lib.knowledge.entries import Counts

K1 = 1.2
"""How fast repetitions of a term stop counting (Robertson and Zaragoza: *BM25 and Beyond*, 2009)."""
B = 0.75
"""How far a long text is held against its repetitions."""
PRESENCE = 0.5
"""How much it counts that a term is there at all (Lv, Zhai: *Lower-bounding term frequency normalization*, 2011)."""
SLOPE = 0.5
"""How far many other terms are held against that (Singhal et al.: *Pivoted document length normalization*, 1996)."""


class Lexicon:
    """How many texts there are, how long they are, and in how many of them each term is.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([1, 2], np.uint32), np.array([1, 3], np.uint16)
    >>> texts = [one, (np.array([2], np.uint32), np.array([2], np.uint16))]
    >>> lexicon = Lexicon.of(texts)
    >>> lexicon.total, lexicon.df, lexicon.mean_length
    (2, {1: 1, 2: 2}, 3.0)
    >>> round(lexicon.idf(1), 3), round(lexicon.idf(2), 3)
    (0.693, 0.182)
    """

    def __init__(self) -> None:
        self.total = 0
        self.df: dict[int, int] = {}
        self.mean_length = 1.0
        self.mean_distinct = 1.0

    @classmethod
    def of(cls, texts: Iterable[Counts]) -> Self:
        """Return the lexicon of some texts."""
        made = cls()
        every = list(texts)
        if not every:
            return made
        made.total = len(every)
        found, n = np.unique(np.concatenate([ids for ids, _ in every]), return_counts=True)
        made.df = dict(zip(found.tolist(), n.tolist(), strict=True))
        made.mean_length = float(np.mean([counts.sum() for _, counts in every])) or 1.0
        made.mean_distinct = float(np.mean([np.sqrt(len(ids)) for ids, _ in every])) or 1.0
        return made

    def add(self, ids: Iterable[int], step: int = 1) -> None:
        """Take a text in, or out again with ``step=-1``; what the others weigh by now stays as it is."""
        self.total += step
        for term in ids:
            n = self.df.get(term, 0) + step
            if n > 0:
                self.df[term] = n
            else:
                self.df.pop(term, None)

    def idf(self, term: int) -> float:
        """Return the weight of a term: of one that is nowhere, as of one that is in one text."""
        n = max(self.df.get(term, 0), 1)
        return math.log(1 + (max(self.total, n) - n + 0.5) / (n + 0.5))

    def values(self, ids: NDArray[np.uint32], counts: NDArray[np.uint16]) -> list[float]:
        """Return what each term of a text is worth there; the index multiplies the IDF in."""
        n = counts.astype(np.float64)
        norm = K1 * (1 - B + B * float(n.sum()) / self.mean_length)
        present = 1 / (1 - SLOPE + SLOPE * math.sqrt(len(ids)) / self.mean_distinct)
        worth: list[float] = ((1 - PRESENCE) * n / (n + norm) + PRESENCE * present).tolist()
        return worth

    def pack(self) -> bytes:
        """Return the lexicon as it is kept in the database."""
        head = np.array([self.total, self.mean_length, self.mean_distinct], dtype="<f8")
        ids = np.fromiter(self.df, "<u4", len(self.df))
        counts = np.fromiter(self.df.values(), "<u4", len(self.df))
        return zlib.compress(head.tobytes() + ids.tobytes() + counts.tobytes(), 1)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Return the lexicon again."""
        made, plain = cls(), zlib.decompress(data)
        total, made.mean_length, made.mean_distinct = np.frombuffer(plain, "<f8", 3).tolist()
        made.total = int(total)
        ids, counts = np.split(np.frombuffer(plain, "<u4", offset=24), 2)
        made.df = dict(zip(ids.tolist(), counts.tolist(), strict=True))
        return made
