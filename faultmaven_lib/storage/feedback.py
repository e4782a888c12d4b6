"""What people made of what was proposed to them: kept row by row, listed, and taken back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Delete, Select, delete, insert, or_, select, update

from faultmaven_lib.model import AuditEntry, Feedback
from faultmaven_lib.settings import settings
from faultmaven_lib.storage import audit as audit_log
from faultmaven_lib.storage.counters import next_value, value
from faultmaven_lib.storage.database import Database
from faultmaven_lib.storage.schema import cases, feedback

VERSION = "feedback"
"""The counter that goes up with every change to what was learned."""
LOG = "learning"
"""Under this name the audit log has the changes that belong to no stored case."""
_WORDS = 400
"""Of a situation in more words, the first: they stand out most."""


class FeedbackLog:
    """Feedback on documents, cases, hypotheses and recommendations; ``Store`` is one.

    What a store that is open for a team keeps is that team's; without a team it is everyone's, and all is seen.
    """

    _database: Database
    team: str | None
    actor: str

    def keep_feedback(self, given: Iterable[Feedback]) -> list[Feedback]:
        """Keep feedback, with an audit line each; returns it with its ids.

        Feedback on a case that is not stored (yet) is kept without it; see ``assign_feedback``.
        """
        kept: list[Feedback] = []
        with self._database.write() as connection:
            next_value(connection, VERSION)  # first, so that writers come one after the other
            for one in given:
                known = connection.execute(select(cases.c.version).where(cases.c.id == one.case_id)).scalar()
                words = tuple(dict.fromkeys(one.words))[:_WORDS]
                fresh = one.model_copy(
                    update={"id": str(uuid4()), "words": words, "case_id": one.case_id if known is not None else ""}
                )
                row = fresh.model_dump() | {
                    "team": self.team,
                    "item": _clean(fresh.item),
                    "user": _clean(fresh.user),
                    "words": _clean(" ".join(words)),
                    "case_id": fresh.case_id or None,
                }
                connection.execute(insert(feedback).values(**row))
                told = f"{one.verdict} the {one.kind} {_clean(one.item)[:200]}"
                self._log_feedback(connection, fresh.case_id, known or 0, told)
                kept.append(fresh)
        return kept

    def assign_feedback(self, ids: Iterable[str], case_id: str) -> None:
        """Say which stored case feedback belongs to that was given before the case was stored."""
        given = list(ids)
        if given:
            with self._database.write() as connection:
                place = feedback.c.id.in_(given) & feedback.c.case_id.is_(None)
                connection.execute(update(feedback).where(place).values(case_id=case_id))

    def feedback(self, case_id: str | None = None) -> list[Feedback]:
        """Return what was kept, oldest first; of one case only if it is named."""
        query = self._visible_feedback(select(feedback)).order_by(feedback.c.at, feedback.c.id)
        if case_id is not None:
            query = query.where(feedback.c.case_id == case_id)
        with self._database.read() as connection:
            return [_feedback(row) for row in connection.execute(query).mappings()]

    def feedback_version(self) -> int:
        """Return a number that is another one after any change to what was learned."""
        with self._database.read() as connection:
            return value(connection, VERSION)

    def reset_feedback(self, kind: str | None = None, item: str | None = None) -> int:
        """Delete what was learned: all of it, or of one kind, or of one item; returns how many rows went.

        The audit log says that it was done, by whom, and of what.
        """
        query: Delete = delete(feedback)
        if self.team is not None:
            query = query.where(feedback.c.team == self.team)
        if kind is not None:
            query = query.where(feedback.c.kind == kind)
        if item is not None:
            query = query.where(feedback.c.item == _clean(item))
        what = " ".join(part for part in (kind or ("" if item else "all"), item or "") if part)
        with self._database.write() as connection:
            next_value(connection, VERSION)
            gone = connection.execute(query).rowcount
            self._log_feedback(connection, "", 0, f"reset {_clean(what)[:200]}: {gone} rows deleted")
        return gone

    def learning_log(self) -> list[AuditEntry]:
        """Return the audit lines of learning that belong to no stored case, oldest first."""
        with self._database.read() as connection:
            return audit_log.entries(connection, LOG, self.team)

    def _log_feedback(self, connection: Connection, case_id: str, version: int, detail: str) -> None:
        entry = AuditEntry(
            case_id=case_id or LOG,
            version=version,
            at=datetime.now(UTC),
            actor=self.actor,
            action="feedback",
            detail=detail,
        )
        audit_log.append(connection, entry, self.team or settings().team)

    def _visible_feedback(self, query: Select[Any]) -> Select[Any]:
        if self.team is None:
            return query
        return query.where(or_(feedback.c.team.is_(None), feedback.c.team == self.team))


def _feedback(row: Any) -> Feedback:
    content = {name: row[name] for name in Feedback.model_fields}
    return Feedback(**content | {"words": tuple(row["words"].split()), "case_id": row["case_id"] or ""})


def _clean(text: str) -> str:
    return text.replace("\x00", "")  # which PostgreSQL has no place for
