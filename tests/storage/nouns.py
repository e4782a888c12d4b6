"""Cases to store: a full one, and any one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from faultmaven_lib.evidence import Ledger
from faultmaven_lib.model import (
    ActionItem,
    Alert,
    Case,
    Claim,
    ConfirmedCause,
    Evidence,
    Finding,
    FindingKind,
    Hypothesis,
    Mechanism,
    Operation,
    Recommendation,
    ServiceGraph,
    Statement,
    Status,
    Times,
    Window,
)

WINDOW = Window.parse("2026-03-01T14:00Z/10m")
NOW = datetime(2026, 3, 1, 15, 0, 0, 123456, tzinfo=UTC)


def frame(n: int = 3, author: str = "Ann Lee") -> pd.DataFrame:
    return pd.DataFrame(
        {"author": [author] * n, "lag": [0.5 * i for i in range(n)]},
        index=pd.DatetimeIndex([WINDOW.start + timedelta(seconds=i) for i in range(n)], name="time"),
    )


def evidence(*frames: pd.DataFrame) -> tuple[Evidence, ...]:
    ledger = Ledger()
    for number, one in enumerate(frames):
        ledger.record(one, source="changes", query=f"q{number}", window=WINDOW, url="file:changes.csv")
    return tuple(ledger)


def case(case_id: str = "INC-1", **fields: Any) -> Case:
    given = {
        "title": "Checkout stalls",
        "team": "shop",
        "window": WINDOW,
        "baseline": WINDOW.before(),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Case(id=case_id, **(given | fields))


def full_case(case_id: str = "INC-1", **fields: Any) -> Case:
    entries = evidence(frame(), frame(2, author="Bob Ray"))
    given: dict[str, Any] = {
        "severity": "sev1",
        "impact": "no orders for 8 min, says Ann Lee",
        "services": ("web", "checkout"),
        "sources": {"logs": "logs/*.log.gz"},
        "alert": Alert(name="SlowCheckout", starts_at=WINDOW.start, labels={"service": "checkout", "author": "ann"}),
        "graph": ServiceGraph(edges=(("web", "checkout"),)),
        "times": Times(started=WINDOW.start + timedelta(minutes=2), resolved=WINDOW.end),
        "people": {"commander": "Ann Lee", "scribe": "Bob Ray"},
        "action_items": (ActionItem(text="add a lock timeout", owner="Ann Lee", due=date(2026, 4, 1)),),
        "confirmed_cause": ConfirmedCause(service="db", mechanism=Mechanism.LOCK_CONTENTION, onset=WINDOW.start),
        "links": ("https://chat.example/1",),
        "postmortem": "# What happened\nAnn Lee ran a migration.\n",
        "retain_until": date(2027, 1, 1),
        "evidence": entries,
        "findings": (
            Finding(
                id="F1",
                kind=FindingKind.SURGE,
                subject="lock wait <*>",
                onset=WINDOW.start,
                sentence="Lock waits went up \x00<script>.",
                score=3.5,
                evidence=("E1",),
            ),
        ),
        "hypotheses": (
            Hypothesis(
                id="H1",
                service="db",
                mechanism=Mechanism.LOCK_CONTENTION,
                cause="A migration holds a lock.",
                supports=("E1",),
            ),
        ),
        "recommendations": (Recommendation(action="look at pg_locks", rationale="locks", evidence=("E1",)),),
        "claims": (Claim(text="Lock waits went up.", evidence=("E1",)),),
        "statements": (Statement(text="I started it.", author="Ann Lee", at=NOW),),
        "analyzed": True,
    }
    return case(case_id, **(given | fields))


text = st.text(max_size=30)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))
numbers = st.floats(allow_nan=False)
windows = st.builds(
    lambda start, seconds: Window(start=start, end=start + timedelta(seconds=seconds)),
    moments,
    st.integers(1, 10**6),
)
snapshots = st.builds(
    lambda rows: evidence(pd.DataFrame({"x": rows, "y": [str(r) for r in rows]}))[0].snapshot,
    st.lists(st.integers(-(2**62), 2**62), max_size=3),
)
entries = st.builds(
    Evidence,
    id=st.just("E0"),
    kind=st.sampled_from(["query", "derived", "manual"]),
    source=text,
    query=text,
    window=st.none() | windows,
    taken_at=moments,
    rows=st.integers(0, 10**9),
    columns=st.lists(text, max_size=3).map(tuple),
    sha256=st.just("0" * 64),
    parents=st.lists(text, max_size=2).map(tuple),
    operation=st.none()
    | st.builds(Operation, name=text, parameters=st.dictionaries(text, st.none() | text | numbers, max_size=3)),
    cell=st.none() | text,
    notes=st.lists(text, max_size=2).map(tuple),
    partial=st.booleans(),
    summary=st.dictionaries(text, st.integers() | st.lists(numbers, max_size=3), max_size=3),
    snapshot=st.just(b"") | snapshots,
)
any_case = st.builds(
    Case,
    id=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}", fullmatch=True),
    title=text,
    team=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30),
    severity=st.sampled_from(["sev1", "sev2", "sev3", "sev4"]),
    status=st.sampled_from(["open", "mitigated", "resolved", "closed"]),
    impact=text,
    services=st.lists(st.text(max_size=300), max_size=3).map(tuple),
    window=windows,
    baseline=windows,
    sources=st.dictionaries(text, text, max_size=2),
    alert=st.none() | st.builds(Alert, name=text, starts_at=moments, labels=st.dictionaries(text, text, max_size=2)),
    graph=st.none() | st.builds(ServiceGraph, edges=st.lists(st.tuples(text, text), max_size=2).map(tuple)),
    times=st.builds(Times, started=st.none() | moments, resolved=st.none() | moments),
    people=st.dictionaries(text, text, max_size=2),
    action_items=st.lists(
        st.builds(ActionItem, text=text, owner=text, due=st.none() | st.dates(), done=st.booleans()), max_size=2
    ).map(tuple),
    confirmed_cause=st.none()
    | st.builds(ConfirmedCause, service=text, mechanism=st.sampled_from(Mechanism), onset=st.none() | moments),
    links=st.lists(text, max_size=2).map(tuple),
    postmortem=text,
    retain_until=st.none() | st.dates(),
    evidence=st.lists(entries, max_size=3).map(
        lambda es: tuple(e.model_copy(update={"id": f"E{i}"}) for i, e in enumerate(es, 1))
    ),
    findings=st.lists(
        st.builds(
            Finding,
            id=text,
            kind=st.sampled_from(FindingKind),
            subject=text,
            onset=st.none() | moments,
            before=st.none() | numbers,
            score=numbers,
            sentence=text,
        ),
        max_size=2,
    ).map(tuple),
    hypotheses=st.lists(
        st.builds(
            Hypothesis,
            id=text,
            service=text,
            mechanism=st.sampled_from(Mechanism),
            cause=text,
            status=st.sampled_from(Status),
            score=numbers,
        ),
        max_size=2,
    ).map(tuple),
    recommendations=st.lists(st.builds(Recommendation, action=text, rationale=text), max_size=1).map(tuple),
    claims=st.lists(st.builds(Claim, text=text), max_size=1).map(tuple),
    statements=st.lists(st.builds(Statement, text=text, author=text, at=moments), max_size=1).map(tuple),
    analyzed=st.booleans(),
    version=st.integers(0, 1000),
    created_at=moments,
    updated_at=moments,
)
