"""What people make of an investigation: they argue causes, accept and reject what is proposed, and say what is so."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd

from faultmaven_lib.exceptions import FaultMavenError, UnknownEvidence
from faultmaven_lib.investigation.dossier import with_fields
from faultmaven_lib.investigation.holding import Holding
from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.knowledge.learning import situation
from faultmaven_lib.knowledge.past_cases import asked, marks_of
from faultmaven_lib.model import ConfirmedCause, Hypothesis, ItemKind, Mechanism, Statement, Status, Verdict
from faultmaven_lib.query import remembered_by
from faultmaven_lib.settings import settings
from faultmaven_lib.troubleshooting import sought


class Judging(Holding):
    """The judging half of an investigation."""

    _given: list[str]
    """Ids of feedback that was given before the case was stored."""

    @abstractmethod
    def _reachable_knowledge(self) -> KnowledgeBase | None:
        """Return the knowledge base; None, and noted as missing, if its store cannot be reached."""

    # -- causes -----------------------------------------------------------------------------------------------

    def propose(self, service: str, mechanism: Mechanism | str, supports: Iterable[str] = ()) -> str:
        """Put up a hypothesis of one's own; it starts as speculative. Returns its id."""
        ids = [self.evidence[e].id for e in supports]
        made = self._desk.hypotheses.propose(service, Mechanism(mechanism), ids, by=settings().user).id
        self._desk.note("propose", [made, *ids])
        return made

    def confirm(self, hypothesis_id: str) -> None:
        """Settle a hypothesis as the cause; its onset is when the incident started, unless that is set already.

        The runbooks and the similar cases that led to it are remembered with it: they rank higher in similar incidents.
        """
        held = self._settle(hypothesis_id, Status.CONFIRMED)
        onset = held.onset if isinstance(held.onset, datetime) else None
        cause = ConfirmedCause(service=held.service, mechanism=held.mechanism, onset=onset)
        times = self._case.times.model_copy(update={"started": self._case.times.started or onset})
        self._case = self._case.model_copy(update={"confirmed_cause": cause, "times": times})
        self._desk.note("confirm", [held.id])
        rejected = {item for item, verdict in self._desk.verdicts().items() if verdict == "reject"}
        self._remember("hypothesis", held.mechanism.value, "confirmed")
        for path in held.runbooks[:1]:
            if path not in rejected:
                self._remember("document", path, "confirmed", held)
        for case_id in held.similar:
            if case_id not in rejected:
                self._remember("case", case_id, "confirmed", held)

    def refute(self, hypothesis_id: str) -> None:
        """Settle a hypothesis as not the cause."""
        held = self._settle(hypothesis_id, Status.REFUTED)
        self._desk.note("refute", [held.id])

    def _settle(self, hypothesis_id: str, status: Status) -> Hypothesis:
        before = self._desk.hypotheses[hypothesis_id]
        after = self._desk.hypotheses.settle(hypothesis_id, status, by=settings().user)
        self._restate(before, after)
        return after

    def _weigh(self, hypothesis_id: str, side: Literal["supports", "contradicts"], ids: list[str]) -> None:
        before = self._desk.hypotheses[hypothesis_id]
        self._restate(before, self._desk.hypotheses.weigh(hypothesis_id, side, ids, by=settings().user))

    def _restate(self, before: Hypothesis, after: Hypothesis) -> None:
        """Let the claims that restate a hypothesis say what it says now."""
        self._desk.claims[:] = [
            c.model_copy(update={"text": after.cause}) if c.hypotheses == (after.id,) and c.text == before.cause else c
            for c in self._desk.claims
        ]

    # -- what was proposed --------------------------------------------------------------------------------------

    def accept(self, item: str) -> None:
        """Say that something proposed is right: it comes first here at once, and ranks higher in similar incidents.

        What only a language model proposed comes first among its proposals; to lead, it has to be confirmed.

        Parameters
        ----------
        item
            Id of a hypothesis (``H2``), of a recommendation (``R1``; to accept a change says that it was made), of
            a similar case, or the path of a runbook.

        Raises
        ------
        UnknownEvidence
            If nothing of that name was proposed.

        Examples
        --------
        >>> at = pd.date_range("2026-03-01T14:00Z", periods=4, freq="min", name="time")
        >>> logs = pd.DataFrame({"service": "api", "level": "INFO", "message": "request served"}, index=at)
        >>> from faultmaven_lib.investigation import Investigation
        >>> inv = Investigation("slow checkout", "2026-03-01T14:02Z/2m", sources={"logs": logs}, database_url="sqlite://")
        >>> first, second = inv.propose("api", "memory_leak"), inv.propose("api", "cpu_saturation")
        >>> inv.accept(second)
        >>> inv.hypotheses.index.tolist(), inv.learned["item"].tolist()
        (['H2', 'H1'], ['cpu_saturation'])
        """
        self._judge(item, "accept")

    def reject(self, item: str) -> None:
        """Say that something proposed is wrong or of no use: it comes last here at once, and ranks lower elsewhere.

        A rejected hypothesis is not refuted: it stays, behind the others. See ``accept`` for what can be named.
        """
        self._judge(item, "reject")

    def _judge(self, item: str, action: Literal["accept", "reject"]) -> None:
        verdict: Verdict = "accepted" if action == "accept" else "rejected"
        kind: ItemKind
        if re.fullmatch(r"H\d+", item):
            held = self._desk.hypotheses[item]
            (self._desk.hypotheses.put_first if action == "accept" else self._desk.hypotheses.put_last)(item)
            kind, key = "hypothesis", held.mechanism.value
        elif re.fullmatch(r"R\d+", item):
            advice = next((r for r in self._desk.recommendations if r.id == item), None)
            if advice is None:
                known = ", ".join(r.id for r in self._desk.recommendations) or "none yet: analyze() makes them"
                raise UnknownEvidence(f"there is no recommendation {item}; held: {known}")
            kind, key = "recommendation", advice.key or advice.action
        else:
            kind, key = self._retrieved(item), item
        self._desk.note(action, [item])
        self._remember(kind, key, verdict)

    def _retrieved(self, item: str) -> ItemKind:
        knowledge = self._reachable_knowledge()
        if knowledge is not None:
            if item in set(knowledge.documents()["path"]):
                return "document"
            if item in set(knowledge.store.cases(limit=None)["id"]):
                return "case"
        raise UnknownEvidence(
            f"{item!r} is no hypothesis (H1), no recommendation (R1), no stored case and no path of a document"
        )

    def _remember(self, kind: ItemKind, item: str, verdict: Verdict, about: Hypothesis | None = None) -> None:
        knowledge = self._reachable_knowledge()
        if knowledge is None:
            return
        given = knowledge.remember(kind, item, verdict, self._situation(kind, about), case_id=self.id)
        if not given.case_id:
            self._given.append(given.id)

    def _situation(self, kind: ItemKind, about: Hypothesis | None) -> tuple[str, ...]:
        """Return the terms by which a later incident is found to be like this one, as it will be asked for by then."""
        findings = self._desk.findings
        leader = about or next(iter(self._desk.hypotheses.argued()), None)
        if kind == "document" and leader is not None:
            return situation(sought(leader, findings))
        if kind == "case":
            services = {f.service for f in findings if f.service}
            mechanisms = [leader.mechanism] if leader else []
            return situation(asked(findings), marks_of(findings, services, mechanisms))
        return remembered_by(findings, self.alert) if findings else situation(self.title)

    @property
    def learned(self) -> pd.DataFrame:
        """What was learned in all cases: ``kind, item, accepted, rejected, confirmed, users, last, counts``."""
        knowledge = self._reachable_knowledge()
        if knowledge is None:
            raise FaultMavenError("what was learned is out of reach: the database cannot be used")
        return knowledge.learned()

    def reset_learned(self, item: str | None = None) -> int:
        """Forget what was learned, all of it or of one item: rankings are then as if it had never been.

        What was accepted and rejected in this investigation stays on its record. Returns how much was deleted.
        """
        knowledge = self._reachable_knowledge()
        if knowledge is None:
            raise FaultMavenError("what was learned is out of reach: the database cannot be used")
        return knowledge.reset_learned(item)

    # -- what is so ---------------------------------------------------------------------------------------------

    def state(self, text: str, author: str | None = None) -> None:
        """Keep a sentence by a person: shown under their name, never as a claim."""
        statement = Statement(text=text, author=author or settings().user, at=datetime.now(UTC))
        self._case = self._case.model_copy(update={"statements": (*self._case.statements, statement)})
        self._desk.note("state")

    def update(self, **fields: Any) -> None:
        """Set what people know of the case, such as its severity, times, people or action items.

        Raises
        ------
        FaultMavenError
            If a field is not one that people set, or its value does not fit.
        """
        self._case = with_fields(self._case, fields)
        self._desk.note("update", detail=", ".join(sorted(fields)))
