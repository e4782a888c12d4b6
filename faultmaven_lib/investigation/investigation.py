"""Investigation: one incident, from the page to the postmortem; what users hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pandas as pd

from faultmaven_lib.analysis.graph import Graph, read_graph
from faultmaven_lib.evidence import cited
from faultmaven_lib.exceptions import FaultMavenError, SourceError
from faultmaven_lib.investigation.asking import connected
from faultmaven_lib.investigation.correlating import Correlating
from faultmaven_lib.investigation.dossier import (
    desk_of,
    enter,
    leading_services,
    reconnected,
)
from faultmaven_lib.investigation.holding import cell
from faultmaven_lib.investigation.judging import Judging
from faultmaven_lib.investigation.narrating import Narrating
from faultmaven_lib.investigation.verification import Verifier
from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.model import (
    Alert,
    Answer,
    AuditEntry,
    Case,
    Evidence,
    Incident,
    Source,
    Times,
    Verification,
    Window,
)
from faultmaven_lib.query import QueryHandler
from faultmaven_lib.render.postmortem import postmortem
from faultmaven_lib.settings import settings
from faultmaven_lib.sources import connect, read_alert
from faultmaven_lib.storage import Store
from faultmaven_lib.storage.archive import read_archive, write_archive


class Investigation(Correlating, Narrating, Judging):
    """One incident: its sources and windows, the evidence ledger, findings, hypotheses, and the case they make.

    Parameters
    ----------
    title
        What it is about, in one line.
    window
        The window of the incident, as a ``Window`` or ``start/end`` text.
    baseline
        What to compare with; default: the equal span just before the window.
    sources
        Name to source, or to whatever ``connect`` takes.
    graph
        Who calls whom, if known, in any form that ``read_graph`` takes: pairs, a mapping, a frame, a CSV file.
    database_url
        The store for ``save`` and ``similar``; default: ``FAULTMAVEN_DATABASE_URL``, else a local SQLite file.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=4, freq="min", name="time")
    >>> logs = pd.DataFrame({"service": "api", "level": "INFO", "message": "request served"}, index=at)
    >>> inv = Investigation("slow checkout", "2026-03-01T14:02Z/2m", sources={"logs": logs})
    >>> len(inv.query("logs", "service=api")), str(inv.baseline)
    (2, '2026-03-01T14:00:00Z/2026-03-01T14:02:00Z')
    >>> inv.verify()["outcome"].tolist()
    ['same']
    """

    def __init__(
        self,
        title: str,
        window: Window | str,
        baseline: Window | str | None = None,
        sources: Mapping[str, Any] | None = None,
        *,
        alert: Alert | None = None,
        graph: Graph | None = None,
        database_url: str | None = None,
    ) -> None:
        span = Window.model_validate(window)
        before = Window.model_validate(baseline) if baseline is not None else span.before()
        now = datetime.now(UTC)
        case = Case(
            id="",
            title=title,
            team=settings().team,
            window=span,
            baseline=before,
            alert=alert,
            graph=read_graph(graph),
            times=Times(detected=alert.starts_at if alert else None),
            created_at=now,
            updated_at=now,
        )
        self._database_url = database_url
        self._store: Store | None = None
        self._knowledge: KnowledgeBase | None = None
        self._verifications: list[Verification] = []
        self._given = []
        self._take(case, sources or {})

    def _take(self, case: Case, sources: Mapping[str, Any]) -> None:
        self._case = case
        self._desk = desk_of(case, {name: connected(name, target) for name, target in sources.items()})

    # -- where one comes from -------------------------------------------------------------------------------

    @classmethod
    def from_alert(
        cls,
        alert: Alert | str | Path | dict[str, Any],
        sources: Mapping[str, Any] | None = None,
        *,
        window: Window | str | None = None,
        baseline: Window | str | None = None,
        graph: Graph | None = None,
        database_url: str | None = None,
    ) -> Self:
        """Begin with an alert, as a noun, a file or what Alertmanager posts.

        Without a window, the incident reaches from 15 minutes before the alert to its end, or to 15 minutes after
        its start while it fires; where the data does not reach back far enough for a baseline before that, the
        onset is looked for in it.
        """
        noun = alert if isinstance(alert, Alert) else read_alert(alert)
        opened = {name: connected(name, target) for name, target in (sources or {}).items()}
        spans = (None if text is None else Window.model_validate(text) for text in (window, baseline))
        desk = QueryHandler().open(opened, *spans, alert=noun)
        return cls(noun.summary, desk.window, desk.baseline, opened, alert=noun, graph=graph, database_url=database_url)

    @classmethod
    def from_incident(cls, incident: Incident, *, database_url: str | None = None) -> Self:
        """Begin with all that is known of an incident, for instance a recorded one."""
        return cls(
            incident.title,
            incident.window,
            incident.baseline,
            incident.sources,
            alert=incident.alert,
            graph=incident.graph,
            database_url=database_url,
        )

    @classmethod
    def load(
        cls, case: str | Path, *, sources: Mapping[str, Any] | None = None, database_url: str | None = None
    ) -> Self:
        """Open a stored case by its id, or an exported one by its ``.fmz`` file.

        Sources are looked for where they were; those that are not there do not matter until they are asked.

        Raises
        ------
        CaseNotFound
            If the store holds no such case.
        ArchiveError
            If the file is not a readable archive.
        """
        found = read_archive(case) if str(case).endswith(".fmz") else Store(database_url).load(str(case))
        investigation = cls(found.title, found.window, found.baseline, database_url=database_url)
        investigation._take(found, reconnected(found.sources) | dict(sources or {}))
        return investigation

    # -- work -------------------------------------------------------------------------------------------------

    def query(self, source: str, text: str = "", window: Window | str | None = None) -> pd.DataFrame:
        """Ask a source in its own language and record the answer as evidence.

        Parameters
        ----------
        source
            Its name.
        text
            The query: ``field=value field~regex -term "phrase"`` for files, PromQL for Prometheus.
        window
            Default: the window of the incident.

        Returns
        -------
        DataFrame
            As in the conventions; its ``attrs`` cite the evidence.
        """
        self._desk.cell = cell()
        frame = self._desk.fetch(source, text, Window.model_validate(window) if window is not None else self.window)
        self._desk.note("query", cited(frame))
        return frame

    def add(
        self,
        result: pd.DataFrame | str | Iterable[str],
        *,
        supports: str | None = None,
        contradicts: str | None = None,
        note: str = "",
    ) -> list[str]:
        """Enter a result into the ledger, for or against a hypothesis.

        Parameters
        ----------
        result
            Findings as analyzers return them; a frame that ``query`` returned; any other frame (it is kept, but shown
            as not re-runnable); or ids of evidence that is there already.
        supports, contradicts
            The hypothesis it speaks for or against.
        note
            Said beside a frame that was made by hand.

        Returns
        -------
        list of str
            The ids of the evidence.
        """
        for hypothesis_id in (supports, contradicts):
            if hypothesis_id is not None:
                self._desk.hypotheses[hypothesis_id]  # it must be there before anything is entered
        self._desk.cell = cell()
        ids = enter(self._desk, result, note)
        if supports is not None:
            self._weigh(supports, "supports", ids)
        if contradicts is not None:
            self._weigh(contradicts, "contradicts", ids)
        self._desk.note("add", ids, " ".join(f"{w} {h}" for w, h in (("for", supports), ("against", contradicts)) if h))
        return ids

    def analyze(self) -> Answer:
        """Run the whole first pass: compare windows, rank services, argue causes. Returns the Answer."""
        return self.ask("")

    def ask(self, question: str = "", *, narrate: bool = False) -> Answer:
        """Answer a question about this incident; the empty one asks for the whole picture.

        With ``narrate``, the language model that is set adds to the answer: see ``Answer.narration``.
        """
        if narrate:
            self._check_model()
        self._desk.cell = cell()
        self._desk.missing.clear()
        answer = QueryHandler(knowledge=self._reachable_knowledge()).answer(question, self._desk)
        self._desk.claims += [claim for claim in answer.claims if claim not in self._desk.claims]
        self._desk.note("ask", detail=question)
        answer = answer.model_copy(update={"progress": self._progress()})
        return self._narrated(answer) if narrate else answer

    def similar(self, k: int = 5) -> pd.DataFrame:
        """Return stored cases that resemble this one: case_id, title, score, why, cause. None is an answer."""
        found = self.knowledge.similar(
            self._desk.findings,
            services=leading_services(self._desk),
            mechanisms=tuple(h.mechanism for h in self._desk.hypotheses.standing()[:1]),
            exclude=self.id or None,
            k=k,
        )
        columns = ["case_id", "title", "score", "why", "cause"]
        return pd.DataFrame([case.model_dump() for case in found], columns=columns)

    # -- verify, keep, tell -----------------------------------------------------------------------------------

    def verify(self, evidence: Iterable[str] | None = None) -> pd.DataFrame:
        """Run all evidence again, or what is named.

        Returns
        -------
        DataFrame
            By evidence id: outcome (same, changed, source gone, other redaction key, not re-runnable), the
            difference in words, rows added and removed, whether the stored result is intact, examples.
        """
        ids = [entry.id for entry in self.evidence] if evidence is None else [self.evidence[e].id for e in evidence]
        verifier = Verifier(self.evidence, self._source_of)
        done = [verifier.verify(i) for i in ids]
        known = {v.evidence: v for v in [*self._verifications, *done]}
        self._verifications = list(known.values())
        rows = [v.model_dump() | {"outcome": v.outcome.value} for v in done]
        columns = ["evidence", "outcome", "difference", "added", "removed", "intact", "examples"]
        return pd.DataFrame(rows, columns=columns).set_index("evidence")

    def _source_of(self, entry: Evidence) -> Source:
        if entry.source in self.sources:
            return self.sources[entry.source]
        if not entry.url:
            raise SourceError(f"the source {entry.source!r} is not connected")
        self.sources[entry.source] = connect(entry.url)
        return self.sources[entry.source]

    def save(self, as_id: str | None = None) -> str:
        """Store the case and return its id.

        Raises
        ------
        ConflictError
            If somebody else saved it since it was loaded; nothing is overwritten.
        """
        case = self.case()
        if as_id is not None:
            case = case.model_copy(update={"id": as_id, "version": 0})
        elif not case.id:
            case = case.model_copy(update={"id": self._reserved or self.store.new_id()})
        self._case = self.store.save(case, detail=self._recorded_under(case.id))
        self._desk.case_id = self._case.id
        self.store.assign_feedback(self._given, self._case.id)
        self._given.clear()
        return self._case.id

    def export(self, path: str | Path) -> Path:
        """Write the case with its evidence as one ``.fmz`` file, for another machine."""
        case = self.case()
        return write_archive(case if case.id else case.model_copy(update={"id": Path(path).stem}), Path(path))

    def report(self, path: str | Path, *, verify: bool = True) -> Path:
        """Write the postmortem as one self-contained file: ``.html`` or ``.md``.

        Parameters
        ----------
        path
            Where to.
        verify
            Run all evidence again first, so that a claim on changed evidence is found.

        Raises
        ------
        UnsupportedClaim
            If a claim is not carried by its evidence; no file is written.
        """
        if verify:
            self.verify()
        return postmortem(self.case(), Path(path), verifications=self._verifications)

    @property
    def store(self) -> Store:
        """The store that ``save`` writes to."""
        if self._store is None:
            self._store = Store(self._database_url)
        return self._store

    @property
    def knowledge(self) -> KnowledgeBase:
        """Runbooks and past cases of the store."""
        if self._knowledge is None:
            self._knowledge = KnowledgeBase(store=self.store)
        return self._knowledge

    def _audit(self) -> list[AuditEntry]:
        if not self.id:
            return []
        try:
            return self.store.audit(self.id)
        except FaultMavenError:
            return []  # out of reach, or an exported case that this store never had

    def _reachable_knowledge(self) -> KnowledgeBase | None:
        try:
            self.knowledge.store.knowledge_version()  # nothing is opened before it is asked
            return self.knowledge
        except FaultMavenError as error:
            # An incident has to be workable while the shared database is down.
            self._desk.missing.append(f"runbooks and past cases are out of reach: {error}")
            return None
