"""A case as it is written down, and back: JSON for all of it, snapshots apart."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.model import Case

_CASE_ID = re.compile(r"\w[\w.:-]{0,99}")
_EVIDENCE_ID = re.compile(r"E[0-9]{1,9}")
_WORDS_MAX = 200_000
_SHOWN_PROBLEMS = 3


class CodecError(ValueError):
    """A document that is not a case; the store and the archive say where it came from."""


def encode(case: Case) -> str:
    """Return a case as JSON, without its snapshots.

    Raises
    ------
    CodecError
        If its id, its team, an evidence id or a value in a free-form field cannot be stored.
    """
    if not _CASE_ID.fullmatch(case.id):
        raise CodecError(
            f"{case.id[:100]!r} cannot be the id of a case: letters, digits, '_', '-', '.' and ':', at most 100"
        )
    if len(case.team) > 200 or "\x00" in case.team:
        raise CodecError(f"{case.team[:100]!r} cannot be the name of a team: at most 200 characters, no NUL")
    ids = [entry.id for entry in case.evidence]
    for number, name in enumerate(ids):
        if not _EVIDENCE_ID.fullmatch(name) or name in ids[:number]:
            raise CodecError(f"evidence {name[:40]!r} of case {case.id}: ids are E1, E2, …, each once")
    try:
        # Not pydantic's JSON mode: in free-form fields it would turn infinity into null.
        return json.dumps(case.model_dump(), default=_plain, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise CodecError(f"case {case.id} holds a value that JSON cannot hold: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if hasattr(value, "item"):  # a number of NumPy's
        return value.item()
    raise TypeError(f"{type(value).__name__} {str(value)[:80]!r}")


def decode(document: str | bytes, snapshots: Mapping[str, bytes]) -> Case:
    """Read a case from JSON and put its snapshots back.

    Raises
    ------
    CodecError
        If it is not JSON, or has fields that this version does not know, or lacks some.
    """
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        raise CodecError("it is not JSON") from None
    if not isinstance(content, dict):
        raise CodecError("it is not a JSON object")
    try:
        case = Case.model_validate(content)
    except ValidationError as error:
        raise CodecError(_problems(error)) from None
    except (FaultMavenError, RecursionError) as error:
        raise CodecError(str(error)) from None
    evidence = tuple(
        entry.model_copy(update={"snapshot": snapshots[entry.id]}) if entry.id in snapshots else entry
        for entry in case.evidence
    )
    return case.model_copy(update={"evidence": evidence})


def _problems(error: ValidationError) -> str:
    # Values are left out: they may be long, or hostile, or secret.
    found = [
        f"{'.'.join(map(str, p['loc'])) or 'case'}: {p['msg']}"
        for p in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    more = f"; and {len(found) - _SHOWN_PROBLEMS} more" if len(found) > _SHOWN_PROBLEMS else ""
    return "; ".join(found[:_SHOWN_PROBLEMS]) + more


def snapshots_of(case: Case) -> dict[str, tuple[str, bytes]]:
    """Return evidence id to (SHA-256, bytes) of every snapshot there is."""
    return {e.id: (hashlib.sha256(e.snapshot).hexdigest(), e.snapshot) for e in case.evidence if e.snapshot}


def columns_of(case: Case) -> dict[str, Any]:
    """Return the values of the columns that a case is searched by."""
    cause = case.confirmed_cause
    return {
        "id": case.id,
        "team": case.team,
        "title": _storable(case.title),
        "severity": case.severity,
        "status": case.status,
        "began": case.times.started or case.window.start,
        "started": case.times.started,
        "detected": case.times.detected,
        "acknowledged": case.times.acknowledged,
        "mitigated": case.times.mitigated,
        "resolved": case.times.resolved,
        "cause_service": _storable(cause.service) if cause else None,
        "cause_mechanism": cause.mechanism.value if cause else None,
        "retain_until": case.retain_until,
        "n_evidence": len(case.evidence),
        "version": case.version,
        "created_at": case.created_at,
        "updated_at": case.updated_at,
        "words": _words(case),
    }


def services_of(case: Case) -> list[str]:
    """Return the services of a case as its search table holds them."""
    return sorted({searchable_service(s) for s in case.services if s})


def searchable_service(name: str) -> str:
    """Return a service's name as the search table holds it: bounded."""
    return _storable(name)[:200]


def _words(case: Case) -> str:
    cause = case.confirmed_cause
    parts = [case.id, case.title, case.impact, *case.services]
    parts += [cause.service, cause.mechanism.phrase] if cause else []
    parts += [h.cause for h in case.hypotheses] + [f.sentence for f in case.findings]
    parts += [s.text for s in case.statements] + [a.text for a in case.action_items] + [case.postmortem]
    return _storable("\n".join(parts).casefold())[:_WORDS_MAX]


def _storable(value: str) -> str:
    # PostgreSQL has no NUL in text. The document, being JSON, keeps it as an escape.
    return value.replace("\x00", "")
