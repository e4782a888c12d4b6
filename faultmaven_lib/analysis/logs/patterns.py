"""Templates as patterns over the words of a line, so that a line that fits one need not be looked at again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faultmaven_lib.analysis.logs.forms import Form, read_batches
from faultmaven_lib.analysis.logs.grouping import Words, group
from faultmaven_lib.analysis.logs.passes import find_patterns
from faultmaven_lib.analysis.logs.rows import HOLE
from faultmaven_lib.analysis.logs.text import Array, Text

PLACE = "<*>"
_ID_LENGTH = 12
_ABSORB_AMONG = 2_000
"""With more patterns of one shape than this, they have nothing in common that absorption could find."""


@dataclass(slots=True)
class Pattern:
    """What lines of one shape have to be to fit a template."""

    shape: int
    template: str
    id: str
    words: tuple[str | None, ...]
    """Its words, ``None`` for those that vary, and ``HOLE`` for values in them."""
    spans: tuple[tuple[int, int], ...]
    """For each of them the first and the last word of the line."""
    gaps: tuple[str, ...]
    forms: list[Form]
    required: Array
    """For every word of the line its hash, 0 if it may be any."""
    numbers: Array

    @property
    def joins(self) -> bool:
        """Whether one of its places stands for several words of the line."""
        return any(a != b and (w is None or HOLE in w) for w, (a, b) in zip(self.words, self.spans, strict=True))

    def values(self, raw: Sequence[str], gaps: Sequence[str]) -> list[str]:
        """Return what stands in a line where its template has a place."""
        out: list[str] = []
        for word, (a, b) in zip(self.words, self.spans, strict=True):
            if word is not None and HOLE not in word:
                continue
            said = raw[a] + "".join(gaps[i] + raw[i] for i in range(a + 1, b + 1))
            out.extend([said] if word is None else _between(said, word.split(HOLE)))
        return out


def _between(said: str, pieces: list[str]) -> Iterable[str]:
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = said.index(piece, at)
        yield said[at:found]
        at = found + len(piece)
    yield said[at : len(said) - len(pieces[-1])]


def id_of(template: str) -> str:
    """Return the id of a template: a hash of its text."""
    return hashlib.sha256(template.encode("utf-8", "replace")).hexdigest()[:_ID_LENGTH]


def mine(forms: Iterable[Form], gaps: tuple[str, ...]) -> list[Pattern]:
    """Mine the templates of forms with the same punctuation; return their patterns."""
    # Sorted, so that the order the forms came in does not matter.
    alike = sorted(forms, key=lambda form: (form.joined().words, form.key))
    out: list[Pattern] = []
    for words, members in group([form.joined().words for form in alike], gaps):
        out.extend(_patterns([alike[m] for m in members], words, gaps))
    return out


def _patterns(forms: list[Form], words: Words, gaps: tuple[str, ...]) -> Iterable[Pattern]:
    """Make a template of a group; a pattern of each of the shapes its lines have."""
    said = [form.joined().texts for form in forms]
    first = said[0]
    words = tuple(
        None if word is None else text if all(s[p] == text for s in said) else word
        for p, (word, text) in enumerate(zip(words, first, strict=True))
    )
    template = text_of_template(words, gaps)
    template_id = id_of(template)
    by_shape: dict[tuple[int, tuple[tuple[int, int], ...]], list[Form]] = {}
    for form in forms:
        by_shape.setdefault((form.shape, form.joined().spans), []).append(form)
    for (shape, spans), alike in by_shape.items():
        form = alike[0]
        required, numbers = form.hashes.copy(), form.numbers.copy()
        if len(alike) > 1:
            required[(np.stack([f.hashes for f in alike]) != required).any(axis=0)] = 0
            numbers[(np.stack([f.numbers for f in alike]) != numbers).any(axis=0)] = 0
        for word, (a, b) in zip(words, spans, strict=True):
            if word is None or (HOLE in word and (a != b or (word == HOLE and not form.values[a]))):
                required[a : b + 1] = 0
                numbers[a : b + 1] = 0
        yield Pattern(shape, template, template_id, words, spans, gaps, alike, required, numbers)


def text_of_template(words: Words, gaps: tuple[str, ...]) -> str:
    """Return a template as it is shown."""
    spoken = [PLACE if word is None else word.replace(HOLE, PLACE) for word in words]
    return "".join(part for pair in zip(gaps, [*spoken, ""], strict=True) for part in pair)


def own_pattern(form: Form) -> Pattern:
    """Return the pattern of a line that fits no other."""
    (pattern,) = _patterns([form], form.joined().words, form.joined().gaps)
    return pattern


def absorb(alike: list[Pattern]) -> list[Pattern]:
    """Give the forms of a pattern to another one of their shape that knows several of its words for one value.

    A date is known by the names of its day and month, an address by its letters; lines in which they are written
    in another way were grouped apart, though they are the same but for that value.
    """
    if not 1 < len(alike) <= _ABSORB_AMONG or not any(p.joins for p in alike):
        return alike
    by_freedom = sorted(alike, key=lambda p: (np.count_nonzero(p.required), len(p.words), p.template, p.spans))
    return list(_absorbed(by_freedom))


def _absorbed(alike: list[Pattern]) -> Iterable[Pattern]:
    required, numbers = np.stack([p.required for p in alike]), np.stack([p.numbers for p in alike])
    taken = np.zeros(len(alike), dtype=bool)
    forms = [p.forms for p in alike]
    for at, wide in enumerate(alike):
        if not wide.joins or taken[at]:
            continue
        covered = ((required == wide.required) | (wide.required == 0)).all(axis=1) & ~taken
        covered &= ((numbers == wide.numbers) | (wide.numbers == 0)).all(axis=1)
        covered[at] = False
        for i in np.flatnonzero(covered).tolist():
            if alike[i].gaps != wide.gaps:
                forms[at] = forms[at] + forms[i]
                taken[i] = True
    return (replace(p, forms=forms[i]) for i, p in enumerate(alike) if not taken[i])


class Fit:
    """Patterns, ready to be held against lines."""

    def __init__(self, patterns: list[Pattern]) -> None:
        self.patterns = sorted(patterns, key=lambda p: (p.shape, -int((p.required != 0).sum()), p.template, p.spans))
        # A pattern in which nothing may vary is that of one form, which is known by its key.
        varying = [i for i, p in enumerate(self.patterns) if not p.required.all() or p.numbers.any()]
        self._varying = np.array([*varying, -1])
        held = [self.patterns[i] for i in varying]
        self._shapes = np.array([p.shape for p in held], dtype=np.int64)
        self._first = np.r_[0, np.cumsum([len(p.required) for p in held])].astype(np.int64)
        self._required = np.concatenate([p.required for p in held] or [np.zeros(0, np.int64)])
        self._numbers = np.concatenate([p.numbers for p in held] or [np.zeros(0, np.int64)])
        size = 1 << max(10, (4 * len(held)).bit_length())
        slots = [-1] * size
        before = 0
        for i, pattern in enumerate(held):
            if pattern.shape != before:
                slot = (pattern.shape >> 20) & (size - 1)
                while slots[slot] >= 0:
                    slot = (slot + 1) & (size - 1)
                slots[slot] = i
                before = pattern.shape
        self._slots = np.array(slots, np.int32)
        self.numbered = np.array([bool(p.numbers.any()) for p in self.patterns] + [False])
        """Which patterns ask for a number; False behind the last, for the number of no pattern is -1."""

    def find(self, text: Text, chosen: Array, limit: int) -> Array:
        """Return for every chosen line the number of the pattern it fits that fixes most, -1 if there is none.

        Patterns in which nothing may vary are left out.
        """
        out = np.full(len(chosen), -1, np.int64)
        if len(self._shapes):
            for at, lines, first, keys, words in read_batches(text, chosen, limit):
                find_patterns(
                    lines,
                    first,
                    keys,
                    words.hashes,
                    words.numbers,
                    self._slots,
                    self._shapes,
                    self._first,
                    self._required,
                    self._numbers,
                    out[at : at + lines],
                )
        return np.asarray(self._varying[out])
