"""Alert, ChangeEvent, Span, ServiceGraph, Incident: what the outside world hands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from faultmaven_lib.model.mechanism import Mechanism
from faultmaven_lib.model.noun import Moment, Noun
from faultmaven_lib.model.window import Window

if TYPE_CHECKING:
    import pandas as pd


class Alert(Noun):
    """An alert as Alertmanager posts it."""

    name: str
    status: str = "firing"
    starts_at: Moment
    ends_at: Moment | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    url: str = ""

    @property
    def service(self) -> str:
        """The service the alert is about: its first label out of service, app, job, deployment."""
        return next((self.labels[k] for k in ("service", "app", "job", "deployment") if self.labels.get(k)), "")

    @property
    def summary(self) -> str:
        """One line for a human."""
        return self.annotations.get("summary") or self.annotations.get("description") or self.name


class ChangeEvent(Noun):
    """A deploy, a commit, a feature flag, a configuration change."""

    time: Moment
    kind: str
    service: str = ""
    version: str = ""
    commit: str = ""
    author: str = ""
    message: str = ""
    files: tuple[str, ...] = ()
    diff: str = ""


class Span(Noun):
    """One span of a trace."""

    trace: str
    span: str
    parent: str = ""
    service: str
    name: str
    start: Moment
    duration: float
    """Seconds."""
    status: str = ""


class ServiceGraph(Noun):
    """Who calls whom.

    Examples
    --------
    >>> g = ServiceGraph(edges=(("web", "api"), ("api", "db")))
    >>> g.services
    ('api', 'db', 'web')
    >>> g.callees("api"), sorted(g.upstream_of("db"))
    (('db',), ['api', 'web'])
    """

    edges: tuple[tuple[str, str], ...] = ()
    """Pairs of caller and callee."""

    @property
    def services(self) -> tuple[str, ...]:
        """All services, sorted."""
        return tuple(sorted({service for edge in self.edges for service in edge}))

    def callees(self, service: str) -> tuple[str, ...]:
        """Whom a service calls."""
        return tuple(sorted({callee for caller, callee in self.edges if caller == service}))

    def callers(self, service: str) -> tuple[str, ...]:
        """Who calls a service."""
        return tuple(sorted({caller for caller, callee in self.edges if callee == service}))

    def upstream_of(self, service: str) -> frozenset[str]:
        """All that depend on a service, directly or through others: what it can break."""
        return self._reach(service, {s: self.callers(s) for s in self.services})

    def downstream_of(self, service: str) -> frozenset[str]:
        """All that a service depends on, directly or through others: what can break it."""
        return self._reach(service, {s: self.callees(s) for s in self.services})

    @staticmethod
    def _reach(start: str, neighbours: dict[str, tuple[str, ...]]) -> frozenset[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            new = [s for s in neighbours.get(todo.pop(), ()) if s not in seen]
            seen.update(new)
            todo.extend(new)
        return frozenset(seen - {start})

    def frame(self) -> pd.DataFrame:
        """The adjacency frame: ``frame.loc[a, b] == 1`` where a calls b."""
        import pandas as pd

        adjacency = pd.DataFrame(0, index=list(self.services), columns=list(self.services))
        for caller, callee in self.edges:
            adjacency.loc[caller, callee] = 1
        return adjacency

    @classmethod
    def from_frame(cls, adjacency: pd.DataFrame) -> ServiceGraph:
        """Read an adjacency frame."""
        pairs = [(str(a), str(b)) for a in adjacency.index for b in adjacency.columns if adjacency.loc[a, b] != 0]
        return cls(edges=tuple(pairs))


class Incident(Noun):
    """What is known when the pager rings: the alert, the data, the windows, the graph."""

    name: str
    title: str
    alert: Alert | None = None
    sources: dict[str, str] = Field(default_factory=dict)
    """Name to URL or path, as ``connect`` takes it."""
    window: Window
    baseline: Window
    graph: ServiceGraph | None = None


class Truth(Noun):
    """What really happened in a recorded incident; kept apart from the recording."""

    service: str | None
    """Where the repair is made; None if nothing was wrong."""
    mechanism: Mechanism | None
    onset: Moment | None
    innocent_changes: tuple[str, ...] = ()
    guilty_changes: tuple[str, ...] = ()
    """Messages of the changes that broke it."""
    kind: str = ""
    """Kind of fault, where several kinds share a mechanism."""
