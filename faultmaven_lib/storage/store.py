"""The store: cases, saved so that nobody's change is lost unseen."""

from __future__ import annotations

import difflib
import json
from datetime import UTC, date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection, Select, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from faultmaven_lib.exceptions import CaseNotFound, ConflictError, StorageError
from faultmaven_lib.model import AuditEntry, Case, utc
from faultmaven_lib.settings import settings
from faultmaven_lib.storage import audit as audit_log
from faultmaven_lib.storage import codec, erasure, listing
from faultmaven_lib.storage.counters import next_value
from faultmaven_lib.storage.database import Database, shown
from faultmaven_lib.storage.documents import Documents, move_documents
from faultmaven_lib.storage.feedback import FeedbackLog
from faultmaven_lib.storage.schema import audit, case_services, cases, snapshots

if TYPE_CHECKING:
    import pandas as pd


class Store(Documents, FeedbackLog):
    """Cases, their evidence and audit log, the documents of the knowledge base and feedback, in one database.

    Parameters
    ----------
    url
        SQLAlchemy URL of SQLite or PostgreSQL; by default what the settings say, a file of one's own if
        nothing. A new SQLite file is made on first use; PostgreSQL is set up by ``faultmaven db upgrade``.
    team
        See and change the cases of this team only, and the documents of this team and of everyone.
    actor
        Who acts, for the audit log; by default the user of the settings.

    Raises
    ------
    StorageError
        If the database cannot be used. Messages never hold a password.
    MissingExtra
        If it is PostgreSQL and psycopg is not installed.

    Examples
    --------
    >>> from faultmaven_lib.model import Case, Window
    >>> store = Store("sqlite://", actor="ann")
    >>> window = Window.parse("2026-03-01T14:00Z/10m")
    >>> case = Case(id=store.new_id(), title="Checkout stalls", team="shop", window=window,
    ...             baseline=window.before(), created_at=window.end, updated_at=window.end)
    >>> case = store.save(case)
    >>> case.id, case.version, store.load("INC-1") == case
    ('INC-1', 1, True)
    >>> store.save(case.model_copy(update={"status": "resolved"})).version
    2
    >>> [(entry.actor, entry.detail) for entry in store.audit("INC-1")]
    [('ann', 'created'), ('ann', 'status: open → resolved')]
    >>> store.close()
    """

    def __init__(self, url: str | None = None, *, team: str | None = None, actor: str | None = None) -> None:
        super().__init__(Database(settings().store_url() if url is None else url), team)
        self.actor = actor or settings().user

    def __repr__(self) -> str:
        scope = f", team={self.team!r}" if self.team is not None else ""
        return f"Store({shown(self._database.url)!r}{scope})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open; the next use opens it again."""
        self._database.close()

    def new_id(self, prefix: str = "INC") -> str:
        """Take the next free id, such as ``INC-7``: no other caller gets it, in whatever process."""
        with self._database.write() as connection:
            while True:
                candidate = f"{prefix}-{next_value(connection, f'id:{prefix}')}"
                # A case that came from elsewhere may have the id already; an erased one keeps its own.
                taken = select(audit.c.id).where(audit.c.case_id == candidate).limit(1)
                if connection.execute(taken).first() is None:
                    return candidate

    def save(self, case: Case, *, action: str = "save", detail: str = "") -> Case:
        """Write a case, unless somebody else did since it was loaded.

        Parameters
        ----------
        case
            Its ``version`` is the one that was loaded, 0 if it was never saved. A case that this store does
            not hold (it came in an archive) is stored as new, whatever its version.
        action, detail
            For the audit log; which fields changed is said there anyway.

        Returns
        -------
        Case
            The case as stored: the next version, ``updated_at`` now.

        Raises
        ------
        ConflictError
            If the stored version is another one. Nothing was written.
        StorageError
            If the id belongs to another case or to one that was erased, or the case to another team.
        """
        self._in_scope(case.team)
        now = datetime.now(UTC)
        saved = case.model_copy(update={"version": case.version + 1, "updated_at": now})
        try:
            document = codec.encode(saved)
        except codec.CodecError as error:
            raise StorageError(str(error)) from None
        with self._database.write() as connection:
            stored = self._swap(connection, case, saved, document)
            _write_services(connection, saved)
            _write_snapshots(connection, saved)
            changes = audit_log.describe(stored, json.loads(document))
            entry = AuditEntry(
                case_id=case.id,
                version=saved.version,
                at=now,
                actor=self.actor,
                action=action,
                detail="; ".join(part for part in (detail, changes) if part),
            )
            audit_log.append(connection, entry, case.team)
        return saved

    def _swap(self, connection: Connection, case: Case, saved: Case, document: str) -> dict[str, Any] | None:
        """Write the row where the stored version is the loaded one; return the document it replaced."""
        values = codec.columns_of(saved) | {"document": document}
        # Locks the row on PostgreSQL, so that what is compared below is what is replaced.
        query = select(cases).where(cases.c.id == case.id).with_for_update()
        row = connection.execute(query).mappings().first()
        if row is None:
            self._refuse_erased(connection, case.id)
            try:
                with connection.begin_nested():
                    connection.execute(insert(cases).values(**values))
            except IntegrityError:  # somebody was faster with the same new id
                row = connection.execute(query).mappings().one()
            else:
                return None
        self._in_scope(row["team"])
        if row["version"] != case.version:
            by, at = audit_log.last(connection, case.id) or ("", row["updated_at"])
            raise ConflictError(case.id, case.version, row["version"], by, at.isoformat(timespec="seconds"))
        if row["created_at"] != case.created_at:
            raise StorageError(
                f"the store holds another case under {case.id} ({row['title'][:80]!r}, made "
                f"{row['created_at']:%Y-%m-%d %H:%M} UTC): save yours under another id with save(as_id=…)"
            )
        swap = update(cases).where(cases.c.id == case.id, cases.c.version == case.version).values(**values)
        if connection.execute(swap).rowcount != 1:
            raise ConflictError(case.id, case.version, case.version + 1)
        if row["team"] != case.team:
            move_documents(connection, case.id, case.team)
        stored: dict[str, Any] = json.loads(row["document"])
        return stored

    def _refuse_erased(self, connection: Connection, case_id: str) -> None:
        query = select(audit).where(audit.c.case_id == case_id, audit.c.action == erasure.ACTION)
        if row := connection.execute(query).mappings().first():
            raise StorageError(
                f"case {case_id} was erased by {row['actor']} at {row['at']:%Y-%m-%d %H:%M} UTC and is not "
                "stored again: save yours under another id with save(as_id=…)"
            )

    def _in_scope(self, team: str) -> None:
        if self.team is not None and team != self.team:
            raise StorageError(
                f"this store is open for team {self.team!r}, the case belongs to team {team!r}: "
                "open the store for that team"
            )

    def load(self, case_id: str, *, snapshots: bool = True) -> Case:
        """Return a case with its evidence.

        Parameters
        ----------
        case_id
            Its id.
        snapshots
            Read the stored results too; without them the evidence says everything but what came back, and a list
            of many cases is read in a fraction of the time. Such a case is not one to save again.

        Raises
        ------
        CaseNotFound
            If there is none of that id; the message names ids that are near.
        StorageError
            If it was stored by another version of the package, in a shape that this one cannot read.
        """
        with self._database.read() as connection:
            query = self._scoped(select(cases.c.document, cases.c.version).where(cases.c.id == case_id))
            row = connection.execute(query).first()
            if row is None:
                raise self._not_found(connection, case_id)
            found = _read_snapshots(connection, case_id) if snapshots else {}
        try:
            return codec.decode(row.document, found)
        except codec.CodecError as error:
            raise StorageError(
                f"case {case_id} was stored in a shape that this version of FaultMaven cannot read ({error}): "
                "it may come from a newer version; try pip install --upgrade faultmaven"
            ) from None

    def cases(
        self,
        *,
        team: str | None = None,
        status: str | None = None,
        service: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        text: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> pd.DataFrame:
        """List cases, newest first.

        Parameters
        ----------
        team, status, service
            Only those of this team, in this status, touching this service.
        since, until
            Only those that began at or after ``since`` and before ``until``: when they started where that is
            known, else at the start of their window.
        text
            Only those in which every one of these words occurs, whatever the case of its letters: in title,
            impact, services, causes, findings, statements, action items or postmortem.
        limit, offset
            Which part of the list; ``limit=None`` for all of it.

        Returns
        -------
        DataFrame
            One row a case: ``id, title, team, severity, status, services`` (names with a comma between),
            ``began, started, detected, acknowledged, mitigated, resolved`` (UTC, ``NaT`` if not known),
            ``cause`` (as confirmed, empty if not), ``cause_service, cause_mechanism, retain_until,
            n_evidence, version, created_at, updated_at``.
        """
        query = self._scoped(select(cases))
        if team is not None:
            query = query.where(cases.c.team == team)
        if status is not None:
            query = query.where(cases.c.status == status)
        if service is not None:
            held = codec.searchable_service(service)
            touching = select(case_services.c.case_id).where(case_services.c.service == held)
            query = query.where(cases.c.id.in_(touching))
        if since is not None:
            query = query.where(cases.c.began >= utc(since))
        if until is not None:
            query = query.where(cases.c.began < utc(until))
        for word in (text or "").casefold().replace("\x00", "").split():
            query = query.where(cases.c.words.contains(word, autoescape=True))
        query = query.order_by(cases.c.began.desc(), cases.c.id.desc()).limit(limit).offset(offset)
        with self._database.read() as connection:
            return listing.frame(connection, query)

    def audit(self, case_id: str) -> list[AuditEntry]:
        """Return every change to a case, oldest first; of an erased one, that it was erased.

        Raises
        ------
        CaseNotFound
            If there never was a case of that id.
        """
        with self._database.read() as connection:
            query = self._scoped(select(cases.c.id).where(cases.c.id == case_id))
            # Of a case that moved between teams, its team sees the whole log.
            seen = connection.execute(query).first() is not None
            if entries := audit_log.entries(connection, case_id, None if seen else self.team):
                return entries
            raise self._not_found(connection, case_id)

    def note(self, case_id: str, action: str, detail: str, *, team: str, version: int = 0) -> None:
        """Add a line to the audit log that tells of no change, such as a call of a language model.

        The case need not be saved yet. Raises ``StorageError`` if it was erased, or belongs to another team.
        """
        self._in_scope(team)
        with self._database.write() as connection:
            self._refuse_erased(connection, case_id)
            now = datetime.now(UTC)
            said = {"action": action[:60], "detail": detail, "actor": self.actor, "at": now, "version": version}
            audit_log.append(connection, AuditEntry(case_id=case_id, **said), team)

    def erase(self, case_id: str, *, reason: str) -> None:
        """Remove a case with its evidence, findings, documents and audit; one line says that it was erased.

        Parameters
        ----------
        case_id
            The case. Its id is not given out again.
        reason
            Kept in the audit log, with who and when: it should not repeat what is erased.

        Raises
        ------
        CaseNotFound
            If there is none of that id.
        """
        with self._database.write() as connection:
            if not erasure.erase_case(connection, case_id, self.team, actor=self.actor, reason=reason):
                raise self._not_found(connection, case_id)
        self._database.compact()

    def erase_person(self, name: str, *, reason: str) -> int:
        """Replace a person's name by ``(erased)`` in all cases; return how many were changed.

        It is replaced, as a whole word, where a person is named (roles, owners of action items, authors of
        statements, actors in the audit log; in whatever case of letters), and, as it is spelt, in what people
        or analyzers wrote, in stored results of evidence, and in the documents made of the cases. A changed
        result gets a note and a new fingerprint: ``verify`` will find that its source still holds the name.
        The text of queries is kept. Call it once for each way in which a person is named (login, full name).

        Raises
        ------
        StorageError
            If the name is shorter than two letters, or a case cannot be read: then nothing is changed.
        """
        with self._database.write() as connection:
            changed = erasure.erase_person(connection, name, self.team, actor=self.actor, reason=reason)
        self._database.compact()
        return changed

    def expired(self, today: date) -> list[str]:
        """Return the ids of cases whose ``retain_until`` lies before a day, the longest overdue first."""
        query = self._scoped(select(cases.c.id).where(cases.c.retain_until < today))
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(cases.c.retain_until, cases.c.id)).scalars())

    def _scoped(self, query: Select[Any]) -> Select[Any]:
        return query if self.team is None else query.where(cases.c.team == self.team)

    def _not_found(self, connection: Connection, case_id: str) -> CaseNotFound:
        query = self._scoped(select(cases.c.id).order_by(cases.c.began.desc()).limit(2_000))
        known = list(connection.execute(query).scalars())
        lowered = {name.casefold(): name for name in reversed(known)}
        wanted = case_id.casefold()
        near = [n for n in known if n.casefold().endswith(f"-{wanted}")]
        near += [lowered[n] for n in difflib.get_close_matches(wanted, lowered, n=3)]
        hint = f"near it: {', '.join(dict.fromkeys(near))}" if near else "faultmaven cases lists what there is"
        return CaseNotFound(f"there is no case {case_id[:100]!r} in {self!r}; {hint}")


def _write_services(connection: Connection, case: Case) -> None:
    connection.execute(delete(case_services).where(case_services.c.case_id == case.id))
    if rows := [{"case_id": case.id, "service": service} for service in codec.services_of(case)]:
        connection.execute(insert(case_services), rows)


def _read_snapshots(connection: Connection, case_id: str) -> dict[str, bytes]:
    query = select(snapshots.c.evidence_id, snapshots.c.data).where(snapshots.c.case_id == case_id)
    return {row.evidence_id: bytes(row.data) for row in connection.execute(query)}


def _write_snapshots(connection: Connection, case: Case) -> None:
    fresh = codec.snapshots_of(case)
    query = select(snapshots.c.evidence_id, snapshots.c.sha256).where(snapshots.c.case_id == case.id)
    stored = {row.evidence_id: row.sha256 for row in connection.execute(query)}
    stale = [name for name, digest in stored.items() if name not in fresh or fresh[name][0] != digest]
    if stale:
        gone = or_(*(snapshots.c.evidence_id == name for name in stale))
        connection.execute(delete(snapshots).where(snapshots.c.case_id == case.id, gone))
    # One at a time: a case can hold hundreds of megabytes, and a statement would hold them twice.
    for name in [name for name in fresh if name not in stored or name in stale]:
        digest, data = fresh[name]
        row = {"case_id": case.id, "evidence_id": name, "sha256": digest, "data": data}
        connection.execute(insert(snapshots).values(**row))
