"""Two cases for looking at: one plain, one in which every text is hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from faultmaven_lib.evidence import Ledger
from faultmaven_lib.model import (
    ActionItem,
    Case,
    Claim,
    ConfirmedCause,
    Finding,
    Hypothesis,
    Mechanism,
    Times,
    Window,
)

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def two_cases(now: datetime | None = None) -> tuple[Case, Case]:
    """Return a plain case that took half an hour, and a hostile one that is still open."""
    start = (now or datetime.now(UTC)).replace(microsecond=0) - timedelta(days=2)
    times = Times(
        started=start,
        detected=start + timedelta(minutes=2),
        acknowledged=start + timedelta(minutes=6),
        resolved=start + timedelta(minutes=30),
    )
    cause = ConfirmedCause(service="postgres", mechanism=Mechanism.LOCK_CONTENTION, onset=start)
    plain = _case("INC-1", "Checkout answers slowly", "postgres", "canceling statement due to lock timeout", start)
    hostile = _case("INC-2", HOSTILE, HOSTILE, HOSTILE, start + timedelta(days=1))
    return (
        plain.model_copy(update={"times": times, "confirmed_cause": cause, "status": "resolved", "severity": "sev2"}),
        hostile.model_copy(update={"impact": HOSTILE, "team": HOSTILE, "people": {HOSTILE: HOSTILE}}),
    )


def _case(case_id: str, title: str, service: str, line: str, start: datetime) -> Case:
    window = Window(start=start - timedelta(minutes=1), end=start + timedelta(minutes=9))
    ledger = Ledger()
    times = pd.date_range(window.start, window.end, periods=20, name="time")
    lines = pd.DataFrame(
        {"service": service, "level": "ERROR", "message": line, "source": "a.log", "line": 1}, index=times
    )
    found = ledger.record(lines, source="logs", query="level=ERROR", url="file:logs/a.log", window=window)
    change = {
        "time": start - timedelta(minutes=3),
        "kind": "deploy",
        "service": service,
        "author": line,
        "message": line,
    }
    ledger.record(pd.DataFrame([change]), source="changes", query="", url="file:changes.json", window=window)
    kept = (found.id,)
    return Case(
        id=case_id,
        title=title,
        team="shop",
        services=(service, "checkout"),
        window=window,
        baseline=window.before(),
        times=Times(started=start),
        action_items=(ActionItem(text=f"mend {line}", owner=line),),
        evidence=tuple(ledger),
        findings=(
            Finding(
                id="F1",
                kind="new template",
                service=service,
                subject=line,
                onset=start,
                score=9,
                sentence=line,
                evidence=kept,
            ),
        ),
        hypotheses=(
            Hypothesis(
                id="H1",
                service=service,
                mechanism=Mechanism.LOCK_CONTENTION,
                cause=f"{line} holds up its callers.",
                onset=start,
                supports=kept,
                findings=("F1",),
                confidence="strong",
            ),
        ),
        claims=(Claim(text=line, evidence=kept, findings=("F1",)),),
        analyzed=True,
        created_at=window.end,
        updated_at=window.end,
    )
