"""Erasure: of a case, and of one person's name in all cases."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, select, update

from faultmaven_lib.evidence import snapshot_of
from faultmaven_lib.exceptions import StorageError
from faultmaven_lib.fingerprint import fingerprint, normalised
from faultmaven_lib.model import AuditEntry, Evidence
from faultmaven_lib.storage import audit as audit_log
from faultmaven_lib.storage import codec
from faultmaven_lib.storage.counters import next_value
from faultmaven_lib.storage.documents import write_chunks
from faultmaven_lib.storage.feedback import VERSION as LEARNED
from faultmaven_lib.storage.schema import audit, cases, chunks, documents, feedback, snapshots
from faultmaven_lib.storage.vectors import VERSION, forget_vectors_of

ACTION = "erase"
ERASED = "(erased)"
_PERSON = {"author", "owner", "actor"}
"""Keys that hold a person's name and nothing else, wherever they stand."""
_PROSE = {
    *("action", "annotations", "cause", "detail", "example", "impact", "message", "notes", "postmortem"),
    *("rationale", "reasons", "risk", "rollback", "sentence", "subject", "text", "title", "verify"),
}
"""Keys that hold what people or analyzers wrote. Others are names, ids and values from lists, which a person's
name may equal by chance."""
_NOTE = "a person's name was erased from this result after it was recorded"


class _Name:
    """A person's name, and how it is replaced."""

    def __init__(self, name: str) -> None:
        word = rf"(?<!\w){re.escape(name)}(?!\w)"
        # In prose as it is spelt: not every "will" is Will.
        self._prose, self._person = re.compile(word), re.compile(word, re.IGNORECASE)

    def in_prose(self, text: str) -> str:
        return self._prose.sub(ERASED, text)

    def in_person(self, text: str) -> str:
        return self._person.sub(ERASED, text)


def erase_case(connection: Connection, case_id: str, team: str | None, *, actor: str, reason: str) -> bool:
    """Remove a case and all that belongs to it; say whether there was one."""
    next_value(connection, VERSION)  # first, as every writer of documents does
    next_value(connection, LEARNED)
    query = select(cases.c.team, cases.c.version).where(cases.c.id == case_id).with_for_update()
    row = connection.execute(query if team is None else query.where(cases.c.team == team)).first()
    if row is None:
        return False
    connection.execute(delete(cases).where(cases.c.id == case_id))  # the rest hangs on it and goes with it
    connection.execute(delete(audit).where(audit.c.case_id == case_id))
    now = datetime.now(UTC)
    entry = AuditEntry(
        case_id=case_id, version=row.version, at=now, actor=actor, action=ACTION, detail=f"reason: {reason}"
    )
    audit_log.append(connection, entry, row.team)
    return True


def erase_person(connection: Connection, name: str, team: str | None, *, actor: str, reason: str) -> int:
    """Replace a name by ``(erased)`` in all cases of a team, or of all; return how many cases changed."""
    name = name.strip()
    if len(name) < 2:
        raise StorageError("the name of the person to erase is empty or a single letter: give it in full")
    who = _Name(name)
    next_value(connection, VERSION)
    _in_feedback(connection, who, name, team)
    scope = select(cases.c.id).order_by(cases.c.id)
    ids = connection.execute(scope if team is None else scope.where(cases.c.team == team)).scalars().all()
    changed = 0
    for case_id in ids:  # one at a time: snapshots are large
        in_case = _in_case(connection, case_id, who)
        in_audit = _in_audit(connection, case_id, who)
        in_documents = _in_documents(connection, case_id, who)
        if in_case or in_audit or in_documents:
            changed += 1
            # Whoever has the case open holds the name: their save has to be refused.
            bump = update(cases).where(cases.c.id == case_id).values(version=cases.c.version + 1)
            _finish(connection, case_id, bump, actor=actor, reason=reason)
    gone = select(audit.c.case_id).where(audit.c.case_id.not_in(select(cases.c.id))).distinct()
    for case_id in connection.execute(gone if team is None else gone.where(audit.c.team == team)).scalars().all():
        _in_audit(connection, case_id, who)  # the line about an erased case names who erased it
    return changed


def _finish(connection: Connection, case_id: str, bump: Any, *, actor: str, reason: str) -> None:
    now = datetime.now(UTC)
    row = connection.execute(bump.values(updated_at=now).returning(cases)).mappings().one()
    content = json.loads(row["document"]) | {"version": row["version"], "updated_at": now.isoformat()}
    document = json.dumps(content, separators=(",", ":"))
    connection.execute(update(cases).where(cases.c.id == case_id).values(document=document))
    entry = AuditEntry(
        case_id=case_id,
        version=row["version"],
        at=now,
        actor=actor,
        action="erase person",
        detail=f"a person's name was erased; reason: {reason}",
    )
    audit_log.append(connection, entry, row["team"])


def _in_case(connection: Connection, case_id: str, who: _Name) -> bool:
    query = select(cases.c.document).where(cases.c.id == case_id).with_for_update()
    document = connection.execute(query).scalar_one()
    blobs = select(snapshots.c.evidence_id, snapshots.c.data).where(snapshots.c.case_id == case_id)
    stored = {row.evidence_id: bytes(row.data) for row in connection.execute(blobs)}
    content = json.loads(document)
    clean = _without_name(content, who)
    try:
        case = codec.decode(json.dumps(clean), stored)
        entries = tuple(_in_result(entry, who) for entry in case.evidence)
        if clean == content and entries == case.evidence:
            return False
        case = case.model_copy(update={"evidence": entries})
        fresh = codec.encode(case)
    except codec.CodecError as error:
        raise StorageError(f"case {case_id} cannot be read, so nothing was erased anywhere: {error}") from None
    connection.execute(update(cases).where(cases.c.id == case_id).values(**codec.columns_of(case), document=fresh))
    for evidence_id, (digest, data) in codec.snapshots_of(case).items():
        if data != stored[evidence_id]:
            place = (snapshots.c.case_id == case_id) & (snapshots.c.evidence_id == evidence_id)
            connection.execute(update(snapshots).where(place).values(sha256=digest, data=data))
    return True


def _without_name(value: Any, who: _Name, key: str = "") -> Any:
    """Return a document in which a name is replaced where people are named or write."""
    if isinstance(value, dict):
        inner = key if key in _PROSE or key == "people" else ""
        return {k: _without_name(v, who, inner or k) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_name(v, who, key) for v in value]
    if isinstance(value, str) and (key in _PERSON or key == "people"):
        return who.in_person(value)
    return who.in_prose(value) if isinstance(value, str) and key in _PROSE else value


def _in_result(evidence: Evidence, who: _Name) -> Evidence:
    if not evidence.snapshot:
        return evidence
    frame = evidence.frame
    touched = False
    for position in range(frame.shape[1]):
        replaced = _cells(frame.iloc[:, position].tolist(), who)
        if replaced is not None:
            frame.isetitem(position, replaced)
            touched = True
    if not isinstance(frame.index, pd.MultiIndex) and (labels := _cells(frame.index.tolist(), who)) is not None:
        frame.index = pd.Index(labels, name=frame.index.name)
        touched = True
    if not touched:
        return evidence
    plain = normalised(frame)
    data, _ = snapshot_of(plain)
    # Of a head the recorded fingerprint is that of the whole, which nobody has any more.
    digest = evidence.sha256 if evidence.partial else fingerprint(plain)
    return evidence.model_copy(update={"snapshot": data, "sha256": digest, "notes": (*evidence.notes, _NOTE)})


def _cells(values: list[Any], who: _Name) -> list[Any] | None:
    """Return the values without the name, or None where it is not among them."""
    replaced = [who.in_prose(v) if isinstance(v, str) else v for v in values]
    changed = any(isinstance(a, str) and a != b for a, b in zip(values, replaced, strict=True))
    return replaced if changed else None


def _in_audit(connection: Connection, case_id: str, who: _Name) -> bool:
    touched = False
    for row in connection.execute(select(audit).where(audit.c.case_id == case_id)).mappings().all():
        clean = {"actor": who.in_person(row["actor"]), "detail": who.in_prose(row["detail"])}
        if any(clean[name] != row[name] for name in clean):
            connection.execute(update(audit).where(audit.c.id == row["id"]).values(**clean))
            touched = True
    return touched


def _in_documents(connection: Connection, case_id: str, who: _Name) -> bool:
    touched = False
    for row in connection.execute(select(documents).where(documents.c.case_id == case_id)).mappings().all():
        query = select(chunks.c.heading, chunks.c.text).where(chunks.c.document_id == row["id"])
        old = [(r.heading, r.text) for r in connection.execute(query.order_by(chunks.c.position))]
        new = [(who.in_prose(heading), who.in_prose(text)) for heading, text in old]
        clean = {"title": who.in_prose(row["title"])}
        clean["metadata"] = json.dumps(_everywhere(json.loads(row["metadata"]), who), sort_keys=True)
        if new != old or any(clean[name] != row[name] for name in clean):
            # No fingerprint any more: whoever makes the document of the case again is not told it is unchanged.
            values = clean | {"sha256": "", "updated_at": datetime.now(UTC)}
            connection.execute(update(documents).where(documents.c.id == row["id"]).values(**values))
            connection.execute(delete(chunks).where(chunks.c.document_id == row["id"]))
            forget_vectors_of(connection, row["id"])
            write_chunks(connection, row["id"], new)
            touched = True
    return touched


def _in_feedback(connection: Connection, who: _Name, name: str, team: str | None) -> None:
    next_value(connection, LEARNED)
    query = select(feedback.c.id, feedback.c.user, feedback.c.words)
    for row in connection.execute(query if team is None else query.where(feedback.c.team == team)).all():
        words, spelt = row.words.split(), set(name.casefold().split())
        # Words are kept in small letters and apart from each other: where all of the name are there, they go.
        kept = [word for word in words if word not in spelt] if spelt <= set(words) else words
        clean = {"user": who.in_person(row.user), "words": " ".join(kept)}
        if clean != {"user": row.user, "words": row.words}:
            connection.execute(update(feedback).where(feedback.c.id == row.id).values(**clean))


def _everywhere(value: Any, who: _Name) -> Any:
    if isinstance(value, dict):
        return {k: _everywhere(v, who) for k, v in value.items()}
    if isinstance(value, list):
        return [_everywhere(v, who) for v in value]
    return who.in_prose(value) if isinstance(value, str) else value
