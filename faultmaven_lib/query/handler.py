"""QueryHandler: takes a question, data, or both, and answers with claims that cite evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from faultmaven_lib.evidence import cited
from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.model import (
    Alert,
    Check,
    Claim,
    Confidence,
    Finding,
    Hypothesis,
    Mechanism,
    Operation,
    Source,
    Window,
)
from faultmaven_lib.query.advice import Adviser
from faultmaven_lib.query.answers import (
    ShownAnswer,
    assemble,
    cause_claims,
    finding_claims,
    frequent_claims,
    nothing_claim,
    order_claim,
)
from faultmaven_lib.query.checking import Checker, holdings
from faultmaven_lib.query.operations import logs_errors, logs_summary
from faultmaven_lib.query.pipeline import Pipeline
from faultmaven_lib.query.understand import Request, understand
from faultmaven_lib.query.windows import choose, span_of
from faultmaven_lib.query.workspace import Workspace
from faultmaven_lib.troubleshooting import Troubleshooter, sentence


@dataclass(frozen=True)
class _Concluded:
    """What a comparison of two windows came to."""

    findings: list[Finding]
    hypotheses: list[Hypothesis]
    nothing: Claim | None
    """The claim that nothing stands out, if it is so."""
    checks: list[Check]


class QueryHandler:
    """Module 1: understands a request, routes it to analysis and troubleshooting, and assembles the Answer.

    Parameters
    ----------
    troubleshooter
        Argues the causes; the default one if not given.
    knowledge
        Runbooks and past cases; without it, answers name none.

    Examples
    --------
    >>> from faultmaven_lib.sources import from_text
    >>> logs = from_text("2026-03-01T14:02:11Z ERROR payment: card gateway timed out")
    >>> QueryHandler().open({"logs": logs}).window.start.isoformat()
    '2026-03-01T14:02:11+00:00'
    """

    def __init__(self, troubleshooter: Troubleshooter | None = None, knowledge: KnowledgeBase | None = None) -> None:
        self.troubleshooter = troubleshooter or Troubleshooter()
        self.knowledge = knowledge

    def open(
        self,
        sources: dict[str, Source],
        window: Window | None = None,
        baseline: Window | None = None,
        *,
        alert: Alert | None = None,
    ) -> Workspace:
        """Lay out a workspace; without a window, one is chosen by the alert and by what the data covers.

        Raises
        ------
        SourceError
            If neither a window nor an alert is given and the sources hold nothing that has a time.
        """
        chosen, before = choose(sources, alert=alert, window=window, baseline=baseline)
        return Workspace(sources=sources, window=chosen, baseline=before, alert=alert)

    def answer(self, question: str, desk: Workspace) -> ShownAnswer:
        """Answer a question about what is on the desk; an empty question asks for the whole picture.

        Raises
        ------
        WindowError
            If the question names times that make no window.
        """
        request = understand(question, services=desk.services(), window=desk.window)
        window = request.window or desk.window
        baseline = desk.baseline if desk.baseline.end <= window.start or request.window is None else window.before()
        if request.intent == "similar":
            return self._similar(request, desk)
        if not self._has_baseline(desk, baseline):
            return self._summary(request, desk, window)
        return self._compare(request, desk, window, baseline)

    def _has_baseline(self, desk: Workspace, baseline: Window) -> bool:
        if desk.analyzed:
            return True
        names = [*desk.of_kind("logs"), *desk.of_kind("metrics"), *desk.of_kind("traces")]
        spans = [span for name in names if (span := span_of(desk.source(name)))]
        # A source that cannot tell what it covers has to be asked.
        return len(spans) < len(names) or any(s.start < baseline.end and s.end > baseline.start for s in spans)

    def _compare(self, request: Request, desk: Workspace, window: Window, baseline: Window) -> ShownAnswer:
        concluded = self._conclusions(desk, window, baseline)
        if concluded is None:
            return self._summary(request, desk, window)
        findings, hypotheses, nothing = concluded.findings, concluded.hypotheses, concluded.nothing
        about = (
            [f for f in findings if f.service in self._near(request.services, desk)] if request.services else findings
        )
        causes = cause_claims(hypotheses[:1])
        order = order_claim(
            findings, [h.service for h in hypotheses[:1]] + list(request.services or self._target(desk))
        )
        changes = self._change_claims(desk, hypotheses)
        stated = finding_claims(about)
        if request.intent in ("when", "what changed"):
            claims = [*([order] if order else []), *changes, *stated, *causes]
        else:
            claims = [*causes, *([order] if order else []), *changes, *stated]
        if not hypotheses:
            claims = [*([nothing] if nothing else []), *stated]
        return self._told(
            desk,
            request.text,
            _headline(hypotheses, about, request.services),
            claims,
            window=window,
            baseline=baseline,
            findings=about,
            seen=findings,
            hypotheses=hypotheses,
            checks=concluded.checks,
        )

    def _told(
        self,
        desk: Workspace,
        question: str,
        headline: str,
        claims: Sequence[Claim],
        *,
        window: Window,
        findings: Sequence[Finding],
        seen: Sequence[Finding],
        hypotheses: Sequence[Hypothesis],
        baseline: Window | None = None,
        checks: Sequence[Check] = (),
        wanted: Sequence[str] = (),
    ) -> ShownAnswer:
        """Put an answer together with what belongs to its hypotheses."""
        adviser = Adviser(desk, self.troubleshooter, self.knowledge)
        past = adviser.past(seen, hypotheses)
        lacking = adviser.missing(hypotheses, holdings(desk))
        desk.missing += [sentence for sentence in lacking if sentence not in desk.missing]
        hypotheses = adviser.with_references(hypotheses, seen, past)
        return assemble(
            desk,
            question,
            headline,
            claims,
            window=window,
            baseline=baseline,
            findings=findings,
            hypotheses=hypotheses,
            checks=checks,
            recommendations=adviser.recommendations(hypotheses, seen),
            follow_ups=self.troubleshooter.follow_ups(list(hypotheses), missing=[*wanted, *_lacking(desk)]),
            similar=past,
            runbooks=[f"{r.title} ({r.path})" for r in adviser.runbooks(hypotheses, seen)],
        )

    def _conclusions(self, desk: Workspace, window: Window, baseline: Window) -> _Concluded | None:
        if desk.analyzed and window == desk.window and baseline == desk.baseline:
            ranking = [e for e in desk.ledger if e.operation is not None and e.operation.name == "root_cause.rank"]
            # What a model only proposed is in its narration, never in the answer that is made without it.
            standing = desk.hypotheses.argued()
            held = {h.id for h in standing}
            checks = [check for check in desk.checks if set(check.hypotheses) <= held]
            return _Concluded(desk.findings, standing, nothing_claim(ranking[-1]) if ranking else None, checks)
        adviser = Adviser(desk, self.troubleshooter, self.knowledge)
        run = Pipeline(desk, window, baseline).run(
            self.troubleshooter, lambda findings: adviser.learned("hypothesis", findings)
        )
        if not run.compared:
            return None
        adopted = desk.hypotheses.adopt(run.hypotheses)
        checks = Checker(desk, window, baseline).run(adopted)
        argued = [desk.hypotheses[h.id] for h in adopted]
        checks = [check.model_copy(update={"id": f"C{number}"}) for number, check in enumerate(checks, 1)]
        if window == desk.window and baseline == desk.baseline:
            desk.analyzed = True
            desk.checks = checks
        return _Concluded(run.found, argued, nothing_claim(run.ranking), checks)

    def _summary(self, request: Request, desk: Workspace, window: Window) -> ShownAnswer:
        """Say what is in logs that have no baseline: how much, of whom, how severe, and what mechanisms it names."""
        claims: list[Claim] = []
        findings: list[Finding] = []
        for name in desk.of_kind("logs"):
            text = " ".join(f'"{term}"' for term in request.terms)
            logs = desk.fetch(name, text, window)
            if logs.empty:
                desk.missing.append(f"{name} holds no log lines in {window}")
                continue
            summary = logs_summary([logs], {})
            entry = desk.derive(summary, cited(logs), Operation(name="logs.summary"))
            findings += desk.keep(logs_errors([logs], {}))
            records = "1 record" if len(logs) == 1 else f"{len(logs):,} records"
            claims.append(Claim(text=f"{name} holds {records}.", evidence=(entry.id, *cited(logs))))
            claims += frequent_claims(summary, entry)
        errors = pd.Series([f.service for f in findings if f.service in (request.services or desk.services())])
        causes = errors.value_counts().rename_axis("service").reset_index(name="score")
        argued = self.troubleshooter.hypotheses(findings, causes, graph=desk.known_graph())
        if argued and argued[0].mechanism is Mechanism.UNKNOWN:
            argued = []  # errors that name no mechanism, and nothing to compare them with: no cause can be argued
        # Without a baseline nothing shows that the error is new: no more than a speculation.
        hypotheses = desk.hypotheses.adopt(_speculative(argued))
        headline = hypotheses[0].cause if hypotheses else _summary_headline(findings, read=bool(claims))
        desk.missing.append("there is no baseline to compare with: give an earlier stretch of the same logs")
        return self._told(
            desk,
            request.text,
            headline,
            [*cause_claims(hypotheses[:1]), *claims, *finding_claims(findings)],
            window=window,
            findings=findings,
            seen=findings,
            hypotheses=hypotheses,
            wanted=["logs from before it began"],
        )

    def _similar(self, request: Request, desk: Workspace) -> ShownAnswer:
        adviser = Adviser(desk, self.troubleshooter, self.knowledge)
        past = adviser.past(desk.findings, desk.hypotheses.argued())
        if past:
            headline = f"It resembles {past[0].case_id}: {past[0].title}"
        elif self.knowledge is None:
            headline = "No past cases are connected."
        else:
            headline = "No stored case resembles this one."
        return assemble(desk, request.text, headline, [], window=desk.window, similar=past)

    def _change_claims(self, desk: Workspace, hypotheses: Sequence[Hypothesis]) -> list[Claim]:
        blamed = {h.change for h in hypotheses if h.change}
        claims: list[Claim] = []
        for entry in desk.ledger:
            if entry.kind != "query" or "commit" not in entry.columns or "diff" not in entry.columns:
                continue
            for row in entry.frame.reset_index().to_dict("records"):
                names = {str(row.get("commit") or ""), str(row.get("version") or "")} - {""}
                if not any(name in change for name in names for change in blamed):
                    continue
                what = " ".join(str(row[k]) for k in ("kind", "version") if row.get(k))
                text = f"{row['service']} had a {what} at {row['time']:%H:%M:%S}."
                claims.append(Claim(text=text, evidence=(entry.id,)))
        return claims[:2]

    def _near(self, services: Sequence[str], desk: Workspace) -> set[str]:
        near, graph = set(services), desk.known_graph()
        for service in services:
            near |= graph.downstream_of(service) if graph else set()
        return near

    def _target(self, desk: Workspace) -> list[str]:
        return [desk.alert.service] if desk.alert and desk.alert.service else [f.service for f in desk.findings[:3]]


def _headline(hypotheses: Sequence[Hypothesis], findings: Sequence[Finding], services: Sequence[str]) -> str:
    if hypotheses:
        return hypotheses[0].cause
    where = f" about {', '.join(services)}" if services else ""
    if not findings:
        return f"Nothing stands out{where}: the window looks like its baseline."
    listed = "one smaller difference is" if len(findings) == 1 else f"{len(findings)} smaller differences are"
    return f"No cause stands out{where}; {listed} listed."


def _summary_headline(findings: Sequence[Finding], *, read: bool) -> str:
    if not read:
        return "There is nothing to look at: no log line lies in the window."
    if not findings:
        return "No errors are logged."
    return findings[0].sentence


def _speculative(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    return [
        h.model_copy(
            update={
                "confidence": Confidence.SPECULATIVE,
                "cause": sentence(h.service, h.mechanism, Confidence.SPECULATIVE),
            }
        )
        for h in hypotheses
    ]


def _lacking(desk: Workspace) -> list[str]:
    return [f"{kind} of the same time" for kind in ("logs", "metrics", "changes") if not desk.of_kind(kind)]
