"""The first full pass over an incident: compare windows, rank services, argue causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from faultmaven_lib.analysis import LogAnalyzer, MetricAnalyzer, TraceAnalyzer
from faultmaven_lib.analysis.logs.rewording import speaks_of_failure
from faultmaven_lib.analysis.traces.sentences import CLOCK, OUTSIDE
from faultmaven_lib.evidence import cited
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Evidence, Finding, FindingKind, Hypothesis, Operation, Window
from faultmaven_lib.query.operations import rank, traces_graph
from faultmaven_lib.query.workspace import Workspace
from faultmaven_lib.troubleshooting import Troubleshooter

if TYPE_CHECKING:
    from faultmaven_lib.knowledge.lessons import Lesson

_CHANGES_BEFORE = timedelta(hours=24)
"""How long before the baseline a change may lie and still be looked at: many bite only hours later."""
_CLOCKS = timedelta(minutes=5)
"""So far off may the clock of a service be that its spans are still seen."""
_LONG = 0.5
"""Share of the window: what is over before its end and was shorter has passed."""
_UNALERTED = 80.0
"""What findings on metrics have to score together where no alert fired. Chosen on recorded stretches in which nothing
was wrong (the development half: 28 to 51); faults reach some hundreds where they touch what customers feel."""


def _harms(finding: Finding) -> bool:
    """Whether a finding says that somebody is served worse: load that is carried is no trouble."""
    if finding.kind is FindingKind.EDGE_LATENCY:
        return finding.subject.startswith(OUTSIDE)
    if finding.kind in (FindingKind.NEW_TEMPLATE, FindingKind.SURGE):
        return speaks_of_failure(f"{finding.subject} {finding.example}")
    return finding.kind is FindingKind.EDGE_ERRORS or finding.subject == CLOCK


def _lasts(finding: Finding, window: Window) -> bool:
    """Whether a finding is more than something that passed: it goes on, or it took half of the window.

    An alerting rule waits as well before it fires.
    """
    if not isinstance(finding.until, datetime) or not isinstance(finding.onset, datetime):
        return True
    return finding.until - finding.onset >= _LONG * window.length


class Pipeline:
    """Runs the analyses on a workspace; everything it reads and derives lands in the ledger."""

    def __init__(self, workspace: Workspace, window: Window | None = None, baseline: Window | None = None) -> None:
        self.desk = workspace
        self.window = window or workspace.window
        self.baseline = baseline or workspace.baseline
        self.changes: list[pd.DataFrame] = []
        self.metrics: list[tuple[pd.DataFrame, pd.DataFrame]] = []
        self.graphs: list[pd.DataFrame] = []
        """Edges that traces show, where no graph was given."""
        self.compared = 0
        """Pairs of windows that were compared: without one, not even silence can be stated."""
        self.found: list[Finding] = []
        self.ranking: Evidence | None = None
        self.hypotheses: list[Hypothesis] = []

    def run(
        self,
        troubleshooter: Troubleshooter | None = None,
        learned: Callable[[list[Finding]], Mapping[str, Lesson]] | None = None,
    ) -> Pipeline:
        """Compare, rank and argue; a source that cannot be read is left out and named in ``missing``.

        Parameters
        ----------
        troubleshooter
            Argues the causes.
        learned
            Says of the findings what was made of mechanisms in similar incidents.
        """
        steps = {
            "logs": self._logs,
            "metrics": self._metrics,
            "traces": self._traces,
            "changes": self._read_changes,
        }
        for kind, step in steps.items():
            for name in self.desk.of_kind(kind):
                try:
                    step(name)
                except SourceError as error:
                    self.desk.missing.append(f"{name} could not be read: {error}")
        if not self.compared:
            return self
        causes = self._rank()
        adviser = troubleshooter or Troubleshooter()
        self.hypotheses = adviser.hypotheses(
            self.found,
            causes,
            graph=self.desk.known_graph(),
            target=self.target,
            learned=learned(self.found) if learned else None,
        )
        return self

    @property
    def target(self) -> str:
        """The service that the alert is about."""
        return self.desk.alert.service if self.desk.alert else ""

    def _logs(self, name: str) -> None:
        before = self.desk.fetch(name, "", self.baseline)
        after = self.desk.fetch(name, "", self.window)
        if before.empty or after.empty:
            which = "baseline" if before.empty else "window of the incident"
            self.desk.missing.append(f"{name} holds no log lines in the {which}")
        if before.empty:
            return  # an incident without a line is a finding, a baseline without one is none
        self.compared += 1
        analyzer = LogAnalyzer().fit(before, baseline_window=self.baseline)
        self.found += self.desk.keep(analyzer.compare(after, incident_window=self.window))

    def _metrics(self, name: str) -> None:
        before = self.desk.fetch(name, "", self.baseline)
        after = self.desk.fetch(name, "", self.window)
        if before.empty or after.empty:
            which = "baseline" if before.empty else "window of the incident"
            self.desk.missing.append(f"{name} holds no samples in the {which}")
            return
        self.compared += 1
        self.metrics.append((before, after))
        self.found += self.desk.keep(MetricAnalyzer().fit(before).compare(after))

    def _traces(self, name: str) -> None:
        # What logs and metrics call a service is what its callers' spans mean by it.
        known = list(self.desk.services())
        # Spans of one trace can lie minutes apart where a clock is wrong: the analyzer leaves out what is not of these.
        before = self.desk.fetch(name, "", Window(start=self.baseline.start - _CLOCKS, end=self.baseline.end))
        after = self.desk.fetch(name, "", Window(start=self.window.start, end=self.window.end + _CLOCKS))
        if before.empty or after.empty:
            which = "baseline" if before.empty else "window of the incident"
            self.desk.missing.append(f"{name} holds no spans in the {which}")
            return
        self.compared += 1
        analyzer = TraceAnalyzer(services=known).fit(before, baseline_window=self.baseline)
        self.found += self.desk.keep(analyzer.compare(after, incident_window=self.window))
        if self.desk.graph is None:
            parameters = {"services": known}
            edges = traces_graph([before, after], parameters)
            self.desk.derive(edges, cited(before, after), Operation(name="traces.graph", parameters=parameters))
            self.graphs.append(edges)

    def _read_changes(self, name: str) -> None:
        span = Window(start=self.baseline.start - _CHANGES_BEFORE, end=self.window.end)
        self.changes.append(self.desk.fetch(name, "", span))

    def _rank(self) -> pd.DataFrame:
        parents: list[str] = []
        roles: list[str] = []
        frames: list[pd.DataFrame] = []

        def give(role: str, frame: pd.DataFrame, ids: tuple[str, ...]) -> None:
            for evidence_id in ids:
                if evidence_id not in parents:
                    parents.append(evidence_id)
                    roles.append(role)
                    frames.append(frame if role != "findings" else self.desk.ledger[evidence_id].frame)

        for before, after in self.metrics:
            give("baseline", before, cited(before))
            give("incident", after, cited(after))
        for evidence_id in dict.fromkeys(f.evidence[0] for f in self.found):
            give("findings", pd.DataFrame(), (evidence_id,))
        for edges in self.graphs:
            give("graph", edges, cited(edges))
        for changes in self.changes:
            if len(changes):
                give("changes", changes, cited(changes))
        if not parents:
            return pd.DataFrame()
        graph = self.desk.graph
        parameters: dict[str, Any] = {
            "roles": roles,
            "graph": [list(edge) for edge in graph.edges] if graph else None,
            "target": self.target,
        }
        if self.desk.alert is None:
            parameters["least"] = _UNALERTED
            if self.desk.of_kind("traces") and not any(_harms(f) and _lasts(f, self.window) for f in self.found):
                parameters["unharmed"] = True
        operation = Operation(name="root_cause.rank", parameters=parameters)
        causes = rank(frames, parameters)
        self.ranking = self.desk.derive(causes, parents, operation)
        if len(causes):
            # The ranking names what it was computed from: to cite it is to cite that.
            causes = causes.assign(evidence=self.ranking.id)
        return causes
