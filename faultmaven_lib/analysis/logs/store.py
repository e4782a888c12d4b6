"""Forms that are kept, and the patterns they make: mined again only where forms have come or changed."""

from __future__ import annotations

from collections import Counter

import numpy as np

from faultmaven_lib.analysis.logs.forms import Example, Form
from faultmaven_lib.analysis.logs.patterns import Fit, Pattern, absorb, mine
from faultmaven_lib.analysis.logs.text import Array

Gaps = tuple[str, ...]


class Store:
    """Forms by key."""

    def __init__(self) -> None:
        self.forms: dict[int, Form] = {}
        self.alike: Counter[int] = Counter()
        """How many there are of every shape."""
        self._by_gaps: dict[Gaps, dict[int, Form]] = {}
        self._mined: dict[Gaps, list[Pattern]] = {}
        self._changed: set[Gaps] = set()
        self._patterns: list[Pattern] | None = []
        self._fit: Fit | None = None

    def holds(self, keys: Array) -> Array:
        """Return which of these keys are those of forms that are kept."""
        return np.isin(keys, np.fromiter(self.forms, np.int64, len(self.forms)))

    def keep(self, form: Form) -> None:
        """Keep a form that was not there."""
        self.forms[form.key] = form
        self.alike[form.shape] += 1
        self._put(form)

    def add(self, key: int, count: int, example: Example, numbers: Array) -> None:
        """Count more lines of a form that is there."""
        form = self.forms[key]
        gaps = form.joined().gaps
        if form.add(count, example, numbers):
            del self._by_gaps[gaps][key]
            self._touch(gaps)
            self._put(form)

    def drop(self, form: Form) -> None:
        """Forget a form."""
        del self.forms[form.key]
        self.alike[form.shape] -= 1
        gaps = form.joined().gaps
        del self._by_gaps[gaps][form.key]
        self._touch(gaps)

    def merge(self, other: Store) -> None:
        """Take over the forms of another store, which stays as it is."""
        for key, form in other.forms.items():
            if key in self.forms:
                self.add(key, form.count, form.example, form.numbers[list(form.numbered)])
            else:
                self.keep(form.copy())

    def least(self, n: int) -> list[Form]:
        """Return the n forms of the fewest lines."""
        return sorted(self.forms.values(), key=lambda form: (form.count, -form.key))[: max(n, 0)]

    def patterns(self) -> list[Pattern]:
        """Return the patterns of all forms."""
        if self._patterns is None:
            for gaps in self._changed:
                if not self._by_gaps[gaps]:
                    del self._by_gaps[gaps]
                    self._mined.pop(gaps, None)
                else:
                    self._mined[gaps] = mine(self._by_gaps[gaps].values(), gaps)
            self._changed.clear()
            self._patterns = absorb(pattern for mined in self._mined.values() for pattern in mined)
        return self._patterns

    def fit(self) -> Fit:
        """Return the patterns, ready to be held against lines."""
        patterns = self.patterns()
        if self._fit is None:
            self._fit = Fit(patterns)
        return self._fit

    def _put(self, form: Form) -> None:
        gaps = form.joined().gaps
        self._by_gaps.setdefault(gaps, {})[form.key] = form
        self._touch(gaps)

    def _touch(self, gaps: Gaps) -> None:
        self._changed.add(gaps)
        self._patterns = self._fit = None
