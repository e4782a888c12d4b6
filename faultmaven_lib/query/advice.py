"""Advice: what to do next, which runbook and which past case to read, and what is missing, for the hypotheses held."""

from __future__ import annotations

from collections.abc import Sequence

from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.knowledge.learning import situation
from faultmaven_lib.knowledge.lessons import Lesson
from faultmaven_lib.knowledge.past_cases import asked, marks_of
from faultmaven_lib.model import Alert, Finding, Hypothesis, ItemKind, Recommendation, SimilarCase
from faultmaven_lib.query.answers import mixed
from faultmaven_lib.query.workspace import Workspace
from faultmaven_lib.troubleshooting import Holdings, Reference, Troubleshooter, alike, runbooks

_PAST = 5


class Adviser:
    """Finds what belongs to hypotheses; without a knowledge base it names no documents and no cases.

    Parameters
    ----------
    desk
        Where the incident is worked on.
    troubleshooter
        Says what can be done.
    knowledge
        Runbooks, past cases and what was learned.
    """

    def __init__(self, desk: Workspace, troubleshooter: Troubleshooter, knowledge: KnowledgeBase | None) -> None:
        self.desk, self.troubleshooter, self.knowledge = desk, troubleshooter, knowledge

    def learned(self, kind: ItemKind, findings: Sequence[Finding]) -> dict[str, Lesson]:
        """Return what was learned of hypotheses or recommendations in situations like this one."""
        if self.knowledge is None or not findings:
            return {}
        return self.knowledge.lessons(kind, remembered_by(findings, self.desk.alert))

    def past(self, findings: Sequence[Finding], hypotheses: Sequence[Hypothesis]) -> list[SimilarCase]:
        """Return the stored cases that resemble this one: those accepted here first, those rejected here last."""
        if self.knowledge is None or not findings:
            return []
        found = self.knowledge.similar(
            list(findings),
            services={f.service for f in findings if f.service},
            mechanisms=tuple(h.mechanism for h in hypotheses[:1]),
            exclude=self.desk.case_id,
            k=2 * _PAST,
        )
        verdicts = self.desk.verdicts()
        found.sort(key=lambda case: {"accept": -1, "reject": 1}.get(verdicts.get(case.case_id, ""), 0))
        return found[:_PAST]

    def runbooks(self, hypotheses: Sequence[Hypothesis], findings: Sequence[Finding]) -> list[Reference]:
        """Return the runbooks that fit the leading hypothesis, the best first."""
        if self.knowledge is None or not hypotheses:
            return []
        return runbooks(self.knowledge, hypotheses[0], findings, verdicts=self.desk.verdicts())

    def with_references(
        self, hypotheses: Sequence[Hypothesis], findings: Sequence[Finding], past: Sequence[SimilarCase]
    ) -> list[Hypothesis]:
        """Attach to each hypothesis its runbooks and the similar cases that had its mechanism."""
        if self.knowledge is None:
            return list(hypotheses)
        verdicts = self.desk.verdicts()
        return [
            self.desk.hypotheses.attach(
                h.id,
                runbooks=[r.path for r in runbooks(self.knowledge, h, findings, verdicts=verdicts)],
                similar=alike(h, past),
            )
            for h in hypotheses
        ]

    def recommendations(
        self, hypotheses: Sequence[Hypothesis], findings: Sequence[Finding] = ()
    ) -> list[Recommendation]:
        """Return what to do next, numbered: what was accepted here first, what was rejected here last."""
        learned = self.learned("recommendation", findings)
        steps = self.desk.numbered(self.troubleshooter.recommendations(hypotheses, findings, learned=learned))
        verdicts = self.desk.verdicts()
        return sorted(steps, key=lambda step: {"accept": -1, "reject": 1}.get(verdicts.get(step.id, ""), 0))

    def missing(self, hypotheses: Sequence[Hypothesis], held: Holdings) -> list[str]:
        """Return what there is nothing of for the service that is suspected."""
        if not hypotheses:
            return []
        alerted = self.desk.alert.service if self.desk.alert else ""
        return held.missing(hypotheses[0].service, alerted=alerted)


def remembered_by(findings: Sequence[Finding], alert: Alert | None = None) -> tuple[str, ...]:
    """Return the terms by which this situation is remembered: what alerted, what is odd, and in which services."""
    told = [] if alert is None else [alert.name, alert.summary]
    strongest = mixed(findings)
    return situation("\n".join([*told, asked(strongest)]), marks_of(strongest, (), ()))
