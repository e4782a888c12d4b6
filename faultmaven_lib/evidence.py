"""The ledger: record what was asked and what came back, cite it, derive from it, compare it with a second run."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from faultmaven_lib.exceptions import UnknownEvidence
from faultmaven_lib.fingerprint import canonical_columns, canonical_rows, fingerprint, normalised
from faultmaven_lib.model import Evidence, Operation, Outcome, Verification, Window
from faultmaven_lib.settings import settings

ATTRS = "faultmaven"
"""Key in ``DataFrame.attrs`` under which a frame carries the evidence it came from."""
_EXAMPLES = 3
_EXAMPLE_LENGTH = 200
_TOKEN = re.compile(r"<([a-z_]+):[0-9a-f]{6,64}>")


class Ledger:
    """All evidence of one investigation, numbered in the order in which it was recorded.

    Examples
    --------
    >>> ledger = Ledger()
    >>> frame = pd.DataFrame({"service": ["api", "db"], "errors": [3, 0]})
    >>> entry = ledger.record(frame, source="sql", query="select …")
    >>> entry.id, entry.rows, entry.rerunnable
    ('E1', 2, True)
    >>> compare(entry, frame.iloc[::-1]).outcome.value
    'same'
    >>> compare(entry, frame.iloc[:1]).difference
    '1 row went'
    """

    def __init__(self, entries: Iterable[Evidence] = ()) -> None:
        self._entries = {entry.id: entry for entry in entries}

    def record(
        self,
        frame: pd.DataFrame,
        *,
        source: str,
        query: str,
        url: str = "",
        window: Window | None = None,
        key_id: str = "",
        notes: Iterable[str] = (),
        cell: str | None = None,
    ) -> Evidence:
        """Keep the result of a query; ``frame.attrs`` then cites the new entry.

        The same query with the same result is the same evidence, and is not entered twice.
        """
        asked = {"source": source, "query": query, "url": url, "window": window, "key_id": key_id}
        return self._enter(frame, kind="query", notes=tuple(notes), cell=cell, **asked)

    def derive(self, frame: pd.DataFrame, parents: Iterable[str], operation: Operation) -> Evidence:
        """Keep what an operation computed from other evidence.

        Raises
        ------
        UnknownEvidence
            If a parent is not in the ledger.
        """
        known = tuple(self[parent].id for parent in parents)
        return self._enter(frame, kind="derived", parents=known, operation=operation)

    def keep(self, frame: pd.DataFrame, *, note: str = "", cell: str | None = None) -> Evidence:
        """Keep a frame whose origin is not known: it can be shown and cited, but never run again."""
        return self._enter(frame, kind="manual", notes=(note,) if note else (), cell=cell)

    def _enter(self, frame: pd.DataFrame, **fields: Any) -> Evidence:
        plain = normalised(frame)
        digest = fingerprint(plain)
        for entry in self:
            if entry.sha256 == digest and all(getattr(entry, k) == v for k, v in fields.items() if k != "cell"):
                frame.attrs[ATTRS] = {"evidence": [entry.id]}
                return entry
        snapshot, partial = snapshot_of(plain)
        entry = Evidence(
            id=f"E{1 + max((int(key[1:]) for key in self._entries), default=0)}",
            taken_at=datetime.now(UTC),
            rows=len(frame),
            columns=canonical_columns(plain),
            sha256=digest,
            snapshot=snapshot,
            partial=partial,
            summary=_summary(plain) if partial else {},
            **fields,
        )
        self._entries[entry.id] = entry
        frame.attrs[ATTRS] = {"evidence": [entry.id]}
        return entry

    def __getitem__(self, evidence_id: str) -> Evidence:
        try:
            return self._entries[evidence_id]
        except KeyError:
            known = f"E1 to E{len(self)}" if len(self) else "none yet"
            raise UnknownEvidence(f"there is no evidence {evidence_id}; recorded: {known}") from None

    def __contains__(self, evidence_id: object) -> bool:
        return evidence_id in self._entries

    def __iter__(self) -> Iterator[Evidence]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def with_parents(self, ids: Iterable[str]) -> set[str]:
        """Return the ids with all that they were derived from."""
        found: set[str] = set()
        todo = [evidence_id for evidence_id in ids if evidence_id in self]
        while todo:
            current = todo.pop()
            if current not in found:
                found.add(current)
                todo.extend(self[current].parents)
        return found

    def frame(self) -> pd.DataFrame:
        """Return one row an entry: id, what was asked, window, rows, whether it can be run again."""
        columns = ["id", "what", "window", "taken_at", "rows", "rerunnable", "partial", "notes"]
        rows = [
            (
                e.id,
                e.label,
                str(e.window or ""),
                e.taken_at,
                e.rows,
                e.rerunnable,
                e.partial,
                "; ".join(e.notes),
            )
            for e in self
        ]
        return pd.DataFrame(rows, columns=columns).set_index("id")


def cited(*frames: pd.DataFrame) -> tuple[str, ...]:
    """Return the evidence that frames came from, in order, each once; empty where it is not known.

    Examples
    --------
    >>> cited(pd.DataFrame())
    ()
    """
    ids: list[str] = []
    for frame in frames:
        ids += [i for i in frame.attrs.get(ATTRS, {}).get("evidence", ()) if i not in ids]
    return tuple(ids)


def snapshot_of(frame: pd.DataFrame) -> tuple[bytes, bool]:
    """Encode a normalised frame as Parquet within the bounds of the settings; say whether it is only a head."""
    limits = settings()
    head = frame.iloc[: limits.evidence_max_rows]
    data = _parquet(head)
    while len(data) > limits.evidence_max_bytes and len(head):
        # Shrink by what is too much, a little more, so that it ends soon whatever the rows look like.
        head = head.iloc[: int(len(head) * 0.8 * limits.evidence_max_bytes / len(data))]
        data = _parquet(head)
    return data, len(head) < len(frame)


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _summary(frame: pd.DataFrame) -> dict[str, Any]:
    summary: dict[str, Any] = {"rows": len(frame)}
    for name in ("service", "level"):
        if name in frame.columns:
            counts = frame[name].astype(str).value_counts().head(50)
            summary[name] = {str(k): int(v) for k, v in counts.items()}
    if isinstance(frame.index, pd.DatetimeIndex):
        minutes = frame.index.floor("min").value_counts().sort_index().tail(1440)
        summary["minute"] = {pd.Timestamp(str(k)).isoformat(): int(v) for k, v in minutes.items()}
    numbers = frame.select_dtypes("number")
    described = numbers.agg(["min", "median", "max"]) if len(numbers.columns) else pd.DataFrame()
    summary["range"] = {str(c): [float(v) for v in described[c]] for c in list(described.columns)[:200]}
    return summary


def compare(evidence: Evidence, fresh: pd.DataFrame, key_id: str = "") -> Verification:
    """Hold a second run of a query against what was recorded.

    Parameters
    ----------
    evidence
        The recorded entry.
    fresh
        What the same query returns now.
    key_id
        The redaction key now in use; where it differs, tokens cannot be equal and are left out of account.

    Returns
    -------
    Verification
        Same, changed with the difference in rows and columns, or other redaction key.
    """
    plain = normalised(fresh)
    intact = is_intact(evidence)
    if fingerprint(plain) == evidence.sha256:
        return Verification(evidence=evidence.id, outcome=Outcome.SAME, intact=intact)
    other_key = bool(evidence.key_id) and evidence.key_id != key_id
    added, removed, words = _difference(evidence, plain, without_tokens=other_key)
    outcome = Outcome.OTHER_KEY if other_key else Outcome.CHANGED
    if other_key:
        words = f"apart from redaction tokens: {words or 'no difference'}"
    examples = [f"{sign} {_readable(row)}" for sign, rows in (("+", added), ("-", removed)) for row in _first(rows)]
    return Verification(
        evidence=evidence.id,
        outcome=outcome,
        difference=words,
        added=added.total(),
        removed=removed.total(),
        intact=intact,
        examples=tuple(examples),
    )


def is_intact(evidence: Evidence) -> bool:
    """Whether the stored result still has the recorded fingerprint; a head cannot be told and counts as intact."""
    return evidence.partial or fingerprint(normalised(evidence.frame)) == evidence.sha256


def _difference(
    evidence: Evidence, fresh: pd.DataFrame, *, without_tokens: bool
) -> tuple[Counter[str], Counter[str], str]:
    old, columns = evidence.frame, canonical_columns(fresh)
    gone = [c for c in evidence.columns if c not in columns]
    new = [c for c in columns if c not in evidence.columns]
    words = [f"column {c.replace(chr(31), ' ')} went" for c in gone[:5]]
    words += [f"column {c.replace(chr(31), ' ')} came" for c in new[:5]]
    if evidence.partial:
        if evidence.rows != len(fresh):
            words.append(f"{evidence.rows:,} rows became {len(fresh):,}")
        fresh = fresh.iloc[: len(old)]
    before, after = Counter(canonical_rows(old)), Counter(canonical_rows(fresh))
    if without_tokens:
        before = Counter(_TOKEN.sub(r"<\1>", row) for row in before.elements())
        after = Counter(_TOKEN.sub(r"<\1>", row) for row in after.elements())
    added, removed = after - before, before - after
    if added and not (gone or new):
        words.append(f"{_rows(added.total())} came")
    if removed and not (gone or new):
        words.append(f"{_rows(removed.total())} went")
    if not words and evidence.partial:
        words.append("beyond the stored head, rows differ")
    return added, removed, ", ".join(words)


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _first(rows: Counter[str]) -> list[str]:
    return sorted(rows)[:_EXAMPLES]


def _readable(row: str) -> str:
    text = row.replace("\x1f", " · ")
    return text if len(text) <= _EXAMPLE_LENGTH else text[: _EXAMPLE_LENGTH - 1] + "…"
