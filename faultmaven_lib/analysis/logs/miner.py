"""TemplateMiner: from lines to templates."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.logs.grouping import Words, group
from faultmaven_lib.analysis.logs.masking import PLACE, VALUE, join, mask, mask_with_values, split

_ID_LENGTH = 12
_EXAMPLE_LENGTH = 300


class TemplateMiner(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Find the templates of log lines: the text that stays, with ``<*>`` for what varies.

    Values with a digit are masked, then distinct masked lines of one punctuation are partitioned until the
    words that still differ explain nothing of each other (see ``grouping.group``). There is nothing to tune:
    the parameters bound memory. Templates, ids and counts do not depend on the order of the lines as long as
    there are no more than ``max_distinct`` different masked lines.

    Parameters
    ----------
    max_distinct
        Distinct masked lines that are kept. Lines beyond it are matched to templates there are, and those
        that match none are counted in ``other_``.
    max_length
        Characters of a line that are looked at.

    Attributes
    ----------
    templates_ : DataFrame
        One row a template, index ``id`` (a hash of the template): ``template``, ``count``, ``example``;
        most frequent first.
    aliases_ : dict of str to str
        Ids of templates that have generalised since they were handed out, and the ids they have now.
    other_ : int
        Lines that found no room.

    Examples
    --------
    >>> miner = TemplateMiner()
    >>> ids = miner.fit_transform(["took 12 ms", "took 7 ms", "disk full"])
    >>> miner.templates_["template"].tolist(), len(set(ids))
    (['took <*> ms', 'disk full'], 2)
    >>> miner.parameters(["took 99 ms"])
    [('99',)]
    """

    def __init__(self, *, max_distinct: int = 200_000, max_length: int = 2_000) -> None:
        self.max_distinct = max_distinct
        self.max_length = max_length

    def fit(self, lines: Iterable[str], y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Learn the templates of these lines, and only of these."""
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._template_of: dict[str, str] = {}
        self._more: Counter[str] = Counter()  # lines beyond the bound that fit a template
        self.aliases_: dict[str, str] = {}
        self.other_ = 0
        self._stale = True
        return self.partial_fit(lines)

    def partial_fit(self, lines: Iterable[str], y: Any = None) -> Self:  # noqa: ARG002
        """Learn more lines on top of those seen so far."""
        if not hasattr(self, "_counts"):
            return self.fit(lines)
        self._learn(Counter(lines))
        return self

    def _learn(self, counts: Counter[str]) -> dict[str, str]:
        """Count distinct lines; return what each is masked."""
        masked_lines = {line: mask(line, self.max_length) for line in counts}
        for line, masked in masked_lines.items():
            count = counts[line]
            if masked in self._counts or len(self._counts) < self.max_distinct:
                self._counts[masked] += count
                example = self._examples.get(masked)
                # The smallest line, so that the example does not depend on the order either.
                if example is None or line[:_EXAMPLE_LENGTH] < example:
                    self._examples[masked] = line[:_EXAMPLE_LENGTH]
            else:
                self._overflow(masked, count)
        self._stale = True
        return masked_lines

    def transform(self, lines: Iterable[str]) -> np.ndarray[Any, Any]:
        """Return the template id of every line; a line that fits none gets the id of a template of its own."""
        self._refresh()
        lines = list(lines)
        known = {line: self._id(mask(line, self.max_length)) for line in dict.fromkeys(lines)}
        return np.array([known[line] for line in lines], dtype=object)

    def fit_transform(self, lines: Iterable[str], y: Any = None) -> np.ndarray[Any, Any]:  # noqa: ARG002
        """Learn the templates and return the id of every line."""
        lines = list(lines)
        self.fit([])
        masked_lines = self._learn(Counter(lines))  # masked once, not twice
        self._refresh()
        known = {line: self._id(masked) for line, masked in masked_lines.items()}
        return np.array([known[line] for line in lines], dtype=object)

    @property
    def templates_(self) -> pd.DataFrame:
        """The templates, most frequent first."""
        self._refresh()
        return self._templates

    def parameters(self, lines: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the values behind the ``<*>`` of every line's template, in order.

        Put back into the template they give the line again, white space runs as one space, up to the bound of
        ``max_length`` characters.
        """
        self._refresh()
        return [self._values(line) for line in lines]

    def _values(self, line: str) -> tuple[str, ...]:
        masked, values = mask_with_values(line, self.max_length)
        words, between = split(masked)
        template = self._words_of(masked, words, between)
        remaining = iter(values)
        out: list[str] = []
        for word, fixed in zip(words, template, strict=True):
            inside = [next(remaining) for _ in range(word.count(VALUE))]
            if fixed is None:
                pieces = word.split(VALUE)
                out.append(pieces[0] + "".join(v + p for v, p in zip(inside, pieces[1:], strict=True)))
            else:
                out.extend(inside)
        return tuple(out)

    def _id(self, masked: str) -> str:
        found = self._template_of.get(masked)
        if found is not None:
            return found
        words, between = split(masked)
        return _hash(join(self._words_of(masked, words, between), between))

    def _words_of(self, masked: str, words: tuple[str, ...], between: tuple[str, ...]) -> Words:
        """Return the template of a line: its own if it was seen, else the one it fits that fixes most."""
        candidates = self._by_shape.get((len(words), between), ())
        own = self._template_of.get(masked)
        for template_id, template in candidates:  # those that fix most words come first
            if own is not None and template_id != own:
                continue
            if all(fixed is None or fixed == word for fixed, word in zip(template, words, strict=True)):
                return template
        return words

    def _overflow(self, masked: str, count: int) -> None:
        self._refresh()
        found = self._id(masked)
        if found in self._more or found in self._templates.index:
            self._more[found] += count
        else:
            self.other_ += count

    def _refresh(self) -> None:
        if not hasattr(self, "_counts"):
            raise NotFittedError("this TemplateMiner has seen no lines yet: call fit or fit_transform first")
        if not self._stale:
            return
        shapes: dict[tuple[int, tuple[str, ...]], list[tuple[tuple[str, ...], str]]] = {}
        for masked in sorted(self._counts):
            words, between = split(masked)
            shapes.setdefault((len(words), between), []).append((words, masked))
        before = self._template_of
        self._template_of = {}
        self._by_shape: dict[tuple[int, tuple[str, ...]], list[tuple[str, Words]]] = {}
        rows: dict[str, list[Any]] = {}
        for shape, members in shapes.items():
            for template, numbers in group([m[0] for m in members]):
                text = join(template, shape[1])
                template_id = _hash(text)
                self._by_shape.setdefault(shape, []).append((template_id, template))
                row = rows.setdefault(template_id, [text, 0, ""])
                for masked in (members[i][1] for i in numbers):
                    self._template_of[masked] = template_id
                    row[1] += self._counts[masked]
                    row[2] = min(row[2] or self._examples[masked], self._examples[masked])
        for candidates in self._by_shape.values():
            candidates.sort(key=lambda c: (sum(w is None for w in c[1]), c[0]))
        self._alias(before)
        for template_id, count in self._more.items():
            rows[self.aliases_.get(template_id, template_id)][1] += count
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=["template", "count", "example"])
        frame.index.name = "id"
        self._templates = frame.astype({"count": "int64"}).sort_values(["count", "template"], ascending=[False, True])
        self._stale = False

    def _alias(self, before: dict[str, str]) -> None:
        """Where the lines of an old template now are: most of them, if they went several ways."""
        moves: dict[str, Counter[str]] = {}
        for masked, old in before.items():
            moves.setdefault(old, Counter())[self._template_of[masked]] += self._counts[masked]
        present = set(self._template_of.values())
        for old, ways in moves.items():
            if old not in present:
                self.aliases_[old] = min(ways, key=lambda new: (-ways[new], new))
        for old, new in list(self.aliases_.items()):
            now = new
            while now not in present and now in self.aliases_:
                now = self.aliases_[now]
            self.aliases_[old] = now
        self.aliases_ = {old: new for old, new in self.aliases_.items() if old not in present}


def _hash(template: str) -> str:
    return hashlib.sha256(template.encode("utf-8", "replace")).hexdigest()[:_ID_LENGTH]


__all__ = ["PLACE", "TemplateMiner"]
