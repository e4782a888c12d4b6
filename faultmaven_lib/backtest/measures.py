"""What a backtest says: a row an incident, a measure with its intervals, the score of a set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from faultmaven_lib.backtest.intervals import Interval, clustered, quantile, wilson
from faultmaven_lib.model import Mechanism
from faultmaven_lib.model.noun import Noun

DEPTHS: Final = range(1, 6)
"""Ranks that Avg@5 averages over."""
LABELS: Final = {
    "AC@1": "AC@1",
    "AC@3": "AC@3",
    "Avg@5": "Avg@5",
    "mechanism": "mechanism of the first cause right",
    "mechanism_given_service": "… where its service is right",
    "onset_error_median": "onset error, median",
    "onset_error_p90": "onset error, 90th percentile",
    "refused": "refused: a fault, and no cause named",
    "false_alarms": "false alarms on non-faults",
    "innocent_blamed": "innocent change blamed first",
    "broke_off": "broke off with an error",
    "seconds_median": "time an incident, median",
    "seconds_longest": "time an incident, longest",
}
"""What each measure is called in tables."""


class Row(Noun):
    """One incident: what was true, what was said.

    Examples
    --------
    >>> row = Row(name="7", kind="lock", service="db", mechanism="lock_contention", ranking=("web", "db"))
    >>> row.rank, row.hit(1), row.hit(3), row.instead
    (2, False, True, 'web')
    """

    name: str
    kind: str
    """The kind of fault: incidents of one kind are no independent trials."""
    half: str = ""
    """``dev`` or ``test``, where the set is split."""
    service: str | None
    """The true root; None where nothing was wrong."""
    mechanism: Mechanism | None = None
    ranking: tuple[str, ...] = ()
    """Services, the most suspected first; empty where no cause was named."""
    said: str = ""
    """The first hypothesis in words; empty where there was none."""
    said_mechanism: Mechanism | None = None
    onset_error: float | None = None
    """Seconds from the true onset to that of the first hypothesis: negative is too early."""
    innocent: int = 0
    """How many innocent changes there were to fall for."""
    blamed: str = ""
    """The innocent change that the first cause names, if it does."""
    seconds: float = 0.0
    error: str = ""
    """Why the investigation broke off; such an incident counts as wrong."""
    services: tuple[str, ...] = ()
    """All services that could have been named, for the baselines."""
    z_ranking: tuple[str, ...] = ()
    """Services by the largest z-score of their metrics, for that baseline."""

    @property
    def fault(self) -> bool:
        """Whether something was wrong."""
        return self.service is not None

    @property
    def rank(self) -> int | None:
        """The place of the true service in the ranking, from 1; None if it is not there."""
        return (
            self.ranking.index(self.service) + 1 if self.service is not None and self.service in self.ranking else None
        )

    def hit(self, k: int) -> bool:
        """Whether the true service is among the first ``k``."""
        return self.rank is not None and self.rank <= k

    @property
    def alarmed(self) -> bool:
        """Whether a cause was named, rightly or not."""
        return bool(self.ranking)

    @property
    def right(self) -> bool:
        """Whether the first cause is the true service; of a non-fault, whether no cause was named."""
        return not self.error and (self.hit(1) if self.fault else not self.alarmed)

    @property
    def instead(self) -> str:
        """What was named first instead of the true service; empty where that was right."""
        if self.error:
            return self.error
        if self.right:
            return ""
        return self.ranking[0] if self.ranking else "no cause"


class Measure(Noun):
    """A number, how many incidents it is of, and for a proportion how far it can be trusted.

    Examples
    --------
    >>> Measure.share([True, True, False, True]).value
    0.75
    """

    value: float | None
    """None where there is no incident to measure it on."""
    n: int
    hits: float | None = None
    """Of a proportion: how many of the ``n``."""
    wilson: Interval | None = None
    clustered: Interval | None = None
    unit: str = ""

    @classmethod
    def share(cls, outcomes: Iterable[bool | float], clusters: Sequence[str] | None = None) -> Measure:
        """Return the proportion of outcomes, each true or false or the chance of it."""
        values = [float(outcome) for outcome in outcomes]
        if not values:
            return cls(value=None, n=0)
        hits, n = sum(values), len(values)
        by_cluster = clustered(values, clusters) if clusters is not None else None
        return cls(value=hits / n, n=n, hits=hits, wilson=wilson(min(hits, n), n), clustered=by_cluster)

    @classmethod
    def mean(cls, values: Sequence[float], clusters: Sequence[str]) -> Measure:
        """Return a mean that is no proportion: it has no interval but that by cluster."""
        if not values:
            return cls(value=None, n=0)
        return cls(value=sum(values) / len(values), n=len(values), clustered=clustered(values, clusters))

    @classmethod
    def seconds(cls, values: Sequence[float], q: float) -> Measure:
        """Return a quantile of durations."""
        return cls(value=quantile(values, q), n=len(values), unit="s")


class Score:
    """The measures of a set of incidents, by name.

    Parameters
    ----------
    rows
        The incidents; those that broke off count as wrong.

    Examples
    --------
    >>> score = Score([Row(name="7", kind="lock", service="db", ranking=("db",)), Row(name="8", kind="", service=None)])
    >>> score["AC@1"].value, score["false_alarms"].value, score["AC@1"].n
    (1.0, 0.0, 1)
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        self.faults = tuple(row for row in self.rows if row.fault)
        self.measures = dict(self._measured())

    def __getitem__(self, name: str) -> Measure:
        return self.measures[name]

    def _measured(self) -> Iterator[tuple[str, Measure]]:
        faults, kinds = self.faults, [row.kind for row in self.faults]
        placed = [row for row in faults if row.mechanism is not None]
        answered = [row for row in self.rows if not row.error]
        off = [abs(row.onset_error) for row in faults if row.onset_error is not None]
        took = [row.seconds for row in self.rows]

        def of(rows: Sequence[Row], test: Callable[[Row], bool]) -> Measure:
            return Measure.share(map(test, rows))

        yield "AC@1", Measure.share([row.hit(1) for row in faults], kinds)
        yield "AC@3", Measure.share([row.hit(3) for row in faults], kinds)
        yield "Avg@5", Measure.mean([average([row.hit(k) for k in DEPTHS]) for row in faults], kinds)
        yield "mechanism", of(placed, _mechanism_right)
        yield "mechanism_given_service", of([row for row in placed if row.hit(1)], _mechanism_right)
        yield "onset_error_median", Measure.seconds(off, 0.5)
        yield "onset_error_p90", Measure.seconds(off, 0.9)
        yield "refused", of(faults, lambda row: not row.error and not row.alarmed)
        yield "false_alarms", of([row for row in self.rows if not row.fault], lambda row: not row.right)
        yield "innocent_blamed", of([row for row in answered if row.innocent], lambda row: bool(row.blamed))
        yield "broke_off", of(self.rows, lambda row: bool(row.error))
        yield "seconds_median", Measure.seconds(took, 0.5)
        yield "seconds_longest", Measure.seconds(took, 1.0)


def average(outcomes: Sequence[bool | float]) -> float:
    """Return the mean of outcomes.

    Examples
    --------
    >>> average([False, True, True, True])
    0.75
    """
    return sum(outcomes) / len(outcomes)


def _mechanism_right(row: Row) -> bool:
    return row.said_mechanism is row.mechanism
