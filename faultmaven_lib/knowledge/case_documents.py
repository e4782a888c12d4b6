"""Closed cases as documents: what happened, what it was, and what people wrote about it, found beside the runbooks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
from tqdm.auto import tqdm

from faultmaven_lib.exceptions import CaseNotFound, StorageError
from faultmaven_lib.knowledge.ingest import Row, as_frame
from faultmaven_lib.knowledge.markdown import read_page
from faultmaven_lib.knowledge.pages import packed
from faultmaven_lib.model import Case, Status
from faultmaven_lib.redaction import redactor

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store

CLOSED = ("resolved", "closed")
_KIND = "case"
_FINDINGS = 40
_SHAPE = 1


def add_cases(store: Store) -> pd.DataFrame:
    """Bring the documents of closed cases up to date; returns what ``ingest`` does."""
    listed = store.cases(limit=None)
    closed = {str(row["id"]): row for row in listed.to_dict("records") if row["status"] in CLOSED}
    stored = store.documents()
    held = stored[(stored["kind"] == _KIND) & (stored["case_id"] != "")].set_index("case_id")
    rows: list[Row] = []
    for case_id in tqdm(closed, desc="reading cases", unit=" cases", delay=1.0, leave=False):
        rows += _put(store, case_id, str(held["sha256"].get(case_id, "")), known=case_id in held.index)
    for case_id, title in held["title"].items():
        if case_id not in closed and store.delete_document(_uri(str(case_id))):
            rows.append(Row(_uri(str(case_id)), str(title), "deleted", 0, "the case is open again, or gone"))
    return as_frame(rows)


def chunks_of(case: Case) -> list[tuple[str, str]]:
    r"""Return what a case says, without the names of people, as pairs of heading and text.

    Examples
    --------
    >>> from faultmaven_lib.model import Window
    >>> window = Window.parse("2026-03-01T14:00Z/10m")
    >>> case = Case(id="INC-1", title="Checkout stalls", team="shop", window=window, baseline=window.before(),
    ...             impact="No orders for 8 min.", created_at=window.end, updated_at=window.end,
    ...             postmortem="## Lessons\n\nIndex before the release.")
    >>> chunks_of(case)
    [('Impact', 'No orders for 8 min.'), ('Lessons', 'Index before the release.')]
    """
    redact = redactor().redact
    told: list[tuple[str, list[str]]] = [("Impact", [case.impact])]
    if case.alert is not None:
        told.append(("Alert", [case.alert.name, *case.alert.annotations.values()]))
    if cause := case.confirmed_cause:
        told.append(("Cause", [f"{cause.service}: {cause.mechanism.phrase}"]))
    ruled_out = [h.cause for h in case.hypotheses if h.status is Status.REFUTED]
    stood = [h.cause for h in case.hypotheses if h.status in (Status.CONFIRMED, Status.OPEN)]
    told += [
        ("What was thought of it", stood),
        ("What it was not", ruled_out),
        ("What was seen", [finding.sentence for finding in case.findings[:_FINDINGS]]),
        ("What was advised", [f"{r.action} {r.rationale}".strip() for r in case.recommendations]),
        ("What is to be done", [item.text for item in case.action_items]),
        ("What people said", [statement.text for statement in case.statements]),
        ("Services", [", ".join(case.services)]),
    ]
    chunks = [
        (heading, piece)
        for heading, lines in told
        for piece in packed("\n".join(part) for part in _slices([redact(line) for line in lines if line.strip()]))
    ]
    return [*chunks, *read_page(redact(case.postmortem)).chunks]


def _slices(lines: list[str], size: int = 10) -> Iterator[list[str]]:
    for at in range(0, len(lines), size):
        yield lines[at : at + size]


def _put(store: Store, case_id: str, sha256: str, *, known: bool) -> Iterator[Row]:
    try:
        case = store.load(case_id, snapshots=False)
    except (CaseNotFound, StorageError) as error:
        yield Row(_uri(case_id), case_id, "skipped", 0, str(error).splitlines()[0])
        return
    chunks = chunks_of(case)
    text = "\n".join(f"{heading}\n{said}" for heading, said in chunks)
    digest = hashlib.sha256(f"{_SHAPE} {redactor().key_id} {case.title}\n{text}".encode()).hexdigest()
    if known and digest == sha256:
        yield Row(_uri(case_id), case.title, "unchanged")
    elif not chunks:
        yield Row(_uri(case_id), case.title, "skipped", 0, "it says nothing")
    else:
        title = redactor().redact(case.title)
        try:
            store.put_document(_uri(case_id), title, _KIND, chunks, digest, {"version": case.version})
        except CaseNotFound:
            return  # erased meanwhile
        yield Row(_uri(case_id), title, "updated" if known else "added", len(chunks))


def _uri(case_id: str) -> str:
    return f"case:{case_id}"
