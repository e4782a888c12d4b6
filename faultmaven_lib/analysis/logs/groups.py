"""The lines of windows by service and template."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.logs.counts import Counts
from faultmaven_lib.analysis.logs.digests import Digest
from faultmaven_lib.analysis.logs.lines import Array, is_severe
from faultmaven_lib.analysis.logs.miner import PLACE, TemplateMiner
from faultmaven_lib.analysis.logs.numbers import Numbers
from faultmaven_lib.analysis.logs.ticks import Events
from faultmaven_lib.analysis.logs.values import AT, TEXT


class Groups:
    """Pairs of service and template, numbered."""

    def __init__(self, miner: TemplateMiner) -> None:
        self.miner = miner
        self.keys: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._texts = miner.templates_["template"].to_dict()

    def of(self, digest: Digest) -> Side:
        """Return a digest's lines by group."""
        ids = self.miner.resolve(label for _, _, label in digest.strains)
        numbers = np.empty(len(ids), np.int64)
        levels = []
        for i, ((service, level, _), template) in enumerate(zip(digest.strains, ids, strict=True)):
            key = (service, template)
            if key not in self._numbers:
                self._numbers[key] = len(self.keys)
                self.keys.append(key)
            numbers[i] = self._numbers[key]
            levels.append(level)
        return Side(digest, numbers, levels)

    def text(self, group: int) -> str:
        """Return the template of a group."""
        return str(self._texts.get(self.keys[group][1], PLACE))


class Side:
    """A window's lines by group."""

    def __init__(self, digest: Digest, group_of: Array, levels: list[str]) -> None:
        self.digest = digest
        self.group_of = group_of
        """Of every strain."""
        self.levels = levels
        events = digest.counts.events()
        self.strains = np.bincount(events.rows, events.counts, len(levels)).astype("int64")
        """Lines of every strain."""
        self.lines: Events = events.renamed(group_of) if len(levels) else events
        self._noisy: set[str] | None = None
        self._of: dict[int, list[int]] = {}
        for strain, group in enumerate(group_of.tolist()):
            self._of.setdefault(group, []).append(strain)

    def renamed(self, to: dict[int, int], groups: int) -> Side:
        """Return the same lines with group ``g`` called ``to[g]``."""
        if not to:
            return self
        names = np.arange(groups)
        names[list(to)] = list(to.values())
        return Side(self.digest, names[self.group_of], self.levels)

    def totals(self, groups: int) -> Array:
        """Return the lines of every group."""
        return np.bincount(self.lines.rows, self.lines.counts, groups)

    def level(self, group: int) -> str:
        """Return the level that most lines of a group have."""
        found: Counter[str] = Counter()
        for strain in self._of.get(group, ()):
            found[self.levels[strain]] += int(self.strains[strain])
        return min(found.items(), key=lambda item: (-item[1], item[0]))[0] if found else ""

    def example(self, group: int) -> tuple[Any, str]:
        """Return the first line of a group, and its moment."""
        found = [self.digest.examples[strain] for strain in self._of.get(group, ())]
        return min(found) if found else (0, "")

    def noisy(self) -> set[str]:
        """Return services in which an error that came once says nothing: another one was there before.

        What was seen once tells how likely it is to see something new (Good, "The population frequencies of
        species", Biometrika 40, 1953). A baseline of few lines tells nothing, either.
        """
        if self._noisy is None:
            lines: Counter[str] = Counter()
            rare: set[str] = set()
            totals = np.bincount(self.group_of, self.strains).tolist() if self.levels else []
            for (service, level, _), strain in self.digest.strains.items():
                lines[service] += int(self.strains[strain])
                if is_severe(level) and totals[self.group_of[strain]] == 1:
                    rare.add(service)
            self._noisy = rare | {service for service, count in lines.items() if count < 50}
        return self._noisy

    def messages(self, group: int) -> pd.DataFrame:
        """Return some lines of a group in order of time."""
        strains = np.array(self._of.get(group, ()), np.int64)
        return self.digest.messages.of(strains, by=AT)

    def numbers(self, service: str) -> tuple[Numbers, Array]:
        """Return the numbers among the fields of some lines of a service, each line's kind its group.

        Beside it, which lines are a sample of the service: of single groups there may be more.
        """
        strains = [strain for (owner, *_), strain in self.digest.strains.items() if owner == service]
        frame, strain_of, even = self.digest.numbers.each_of(np.array(strains, np.int64), by=AT)
        told = {str(name): column for name, column in frame.items() if name not in {AT, TEXT, *self.digest.worded}}
        fields = {name: column.to_numpy(dtype="float64", na_value=np.nan) for name, column in told.items()}
        known = {name: values for name, values in fields.items() if np.isfinite(values).any()}
        at, texts = (frame[AT].to_numpy(), frame[TEXT].tolist()) if len(frame) else (np.zeros(0), [])
        return Numbers(at, texts, self.group_of[strain_of], known), even

    def kept(self, groups: int) -> Array:
        """Return how many lines of every group are kept to look into."""
        return np.bincount(self.group_of, self.digest.messages.sizes(len(self.levels)), groups)


class Pair(NamedTuple):
    """A group in the baseline that it differs least from, and in the incident."""

    before: Side
    after: Side
    counts: Counts
    group: int

    @property
    def was(self) -> int:
        """Lines in the baseline."""
        return int(self.counts.before[self.group])

    @property
    def now(self) -> int:
        """Lines in the incident."""
        return int(self.counts.after[self.group])

    @property
    def level(self) -> str:
        """The level that most of its lines have, those of the incident if there are any."""
        return (self.after if self.now else self.before).level(self.group)

    @property
    def ratio(self) -> float:
        """Rate from the onset on over that in the baseline."""
        return float(self.counts.change.ratio[self.group])

    @property
    def excess(self) -> float:
        """Lines from the onset on beyond what the baseline would have; negative if they are fewer."""
        return float(self.counts.change.excess[self.group])

    @property
    def deviation(self) -> float:
        """Signed, as large as a z-score would be."""
        return float(self.counts.change.deviation[self.group])
