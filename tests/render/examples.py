"""Cases to render: a lock in a database, with data behind every sentence, and a healthy stretch."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from faultmaven_lib.evidence import Ledger
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import (
    ActionItem,
    Alert,
    Answer,
    Case,
    Claim,
    Finding,
    Hypothesis,
    Operation,
    Outcome,
    Recommendation,
    SimilarCase,
    Statement,
    Times,
    Verification,
    Window,
)

from .shop import BASELINE, HOSTILE, ONSET, WINDOW, change_events, logs, metrics

PROSE = """## What we saw

The page came at 14:03. *Nobody* knew of the migration.

- first guess: the pool
- then: [locks](https://example.org/locks) and ![graph](https://evil.example/a.png)

| step | took |
| --- | --- |
| find | 3 min |

<script>alert(3)</script>
"""


def _finding(
    number: int,
    kind: str,
    service: str,
    subject: str,
    before: float | None,
    after: float | None,
    unit: str,
    sentence: str,
    seconds: int,
    evidence: tuple[str, ...],
    **more: object,
) -> Finding:
    return Finding(
        id=f"F{number}",
        kind=kind,
        service=service,
        subject=subject,
        before=before,
        after=after,
        size=None if before is None else after - before,
        unit=unit,
        sentence=sentence,
        onset=ONSET + timedelta(seconds=seconds),
        score=20.0 - number,
        direction="none" if before is None else "up" if after > before else "down",
        evidence=evidence,
        **more,
    )


def broken_case() -> Case:
    """An incident with everything a report can show."""
    ledger = Ledger()
    url = "file:///srv/incident"
    e1 = ledger.record(
        logs(BASELINE, broken=False), source="logs", query="", url=f"{url}/logs", window=BASELINE, key_id="k-3f2a"
    )
    e2 = ledger.record(
        logs(WINDOW, broken=True),
        source="logs",
        query="",
        url=f"{url}/logs",
        window=WINDOW,
        key_id="k-3f2a",
        notes=["3 lines had no time and took that of the line before", "12 e-mail addresses were redacted"],
    )
    e3 = ledger.record(
        metrics(BASELINE, broken=False), source="metrics", query="", url=f"{url}/metrics.parquet", window=BASELINE
    )
    e4 = ledger.record(
        metrics(WINDOW, broken=True, seed=3), source="metrics", query="", url=f"{url}/metrics.parquet", window=WINDOW
    )
    e5 = ledger.record(
        change_events(),
        source="changes",
        query="",
        url=f"{url}/changes.json",
        window=Window(start=BASELINE.start, end=WINDOW.end),
    )
    from_logs, from_metrics = ("E6", e2.id, e1.id), ("E7", e4.id, e3.id)
    findings = (
        _finding(
            1,
            "level shift",
            "orders-db",
            "lock_wait_seconds",
            0.008,
            3.11,
            "s",
            "lock_wait_seconds of orders-db rose from 8 ms to 3.11 s (×389) "
            "at 2026-03-01 14:02:10 UTC and stayed there.",
            0,
            from_metrics,
        ),
        _finding(
            2,
            "level shift",
            "checkout",
            "request_seconds_p99",
            0.21,
            3.1,
            "s",
            "request_seconds_p99 of checkout rose from 210 ms to 3.1 s (×14.8) "
            "at 2026-03-01 14:02:10 UTC and stayed there.",
            5,
            from_metrics,
        ),
        _finding(
            3,
            "new template",
            "checkout",
            "order <*> timed out after <*> ms waiting for a lock",
            0.0,
            16.2,
            "/min",
            "“order <*> timed out after <*> ms waiting for a lock” is new in checkout: 128 times "
            "from 2026-03-01 14:02:12 UTC.",
            2,
            from_logs,
            example="order 4711 timed out after 3000 ms waiting for a lock",
        ),
        _finding(
            4,
            "level shift",
            "checkout",
            "errors_per_second",
            0.02,
            4.4,
            "/s",
            "errors_per_second of checkout rose from 0.02/s to 4.4/s (×220) "
            "at 2026-03-01 14:02:15 UTC and stayed there.",
            5,
            from_metrics,
        ),
        _finding(
            5,
            "level shift",
            "orders",
            "pool_in_use",
            4,
            18,
            "",
            "pool_in_use of orders rose from 4 to 18 (×4.5) at 2026-03-01 14:02:20 UTC and stayed there.",
            10,
            from_metrics,
        ),
        _finding(
            6,
            "level shift",
            "web",
            "requests_per_second",
            41,
            29,
            "/s",
            "requests_per_second of web fell from 41/s to 29/s (÷1.41) at 2026-03-01 14:02:25 UTC and stayed there.",
            15,
            from_metrics,
        ),
        _finding(
            7,
            "change event",
            "orders-db",
            "migration 0042",
            None,
            None,
            "",
            "A migration of orders-db (0042, by Jon Wu) ran at 2026-03-01 14:01:58 UTC.",
            -12,
            (e5.id,),
        ),
        _finding(
            8,
            "new template",
            "web",
            HOSTILE[:200].replace("\x00", ""),
            0.0,
            0.1,
            "/min",
            f"“{HOSTILE}” is new in web.",
            1,
            from_logs,
            example=HOSTILE,
        ),
    )
    log_compare = Operation(name="logs.compare", parameters={"alpha": 0.01})
    metric_compare = Operation(name="metrics.compare", parameters={"alpha": 0.01, "min_deviation": 5.0})
    ledger.derive(findings_frame([findings[2], findings[7]], log_compare, [e1.id, e2.id]), [e1.id, e2.id], log_compare)
    ledger.derive(
        findings_frame([findings[i] for i in (0, 1, 3, 4, 5)], metric_compare, [e3.id, e4.id]),
        [e3.id, e4.id],
        metric_compare,
    )
    e8 = ledger.keep(pd.DataFrame({"said": ["the pool is fine"]}), note="copied from the terminal of the host")
    hypotheses = (
        Hypothesis(
            id="H1",
            service="orders-db",
            mechanism="lock_contention",
            onset=ONSET,
            confidence="strong",
            status="open",
            cause="Lock contention in orders-db stalls checkout.",
            supports=("E6", "E7", e5.id),
            findings=("F1", "F3", "F2", "F7"),
            change="migration 0042 of orders-db",
            reasons=(
                "Lock waits move first, everything that depends on orders-db after them.",
                "A migration of the same service ended 12 s before the onset.",
            ),
            score=8.1,
        ),
        Hypothesis(
            id="H2",
            service="orders",
            mechanism="connection_pool_exhausted",
            onset=ONSET,
            confidence="speculative",
            cause="An exhausted connection pool in orders makes checkout wait.",
            supports=("E7",),
            contradicts=(e8.id,),
            findings=("F5",),
            alternative_to="H1",
            reasons=("The pool fills 10 s after the first lock wait, so it looks like an effect.",),
            score=2.2,
        ),
    )
    return Case(
        id="INC-7",
        title="Checkout stalls behind a lock in the orders database",
        team="payments",
        severity="sev2",
        status="mitigated",
        impact="About one in two checkouts failed for 6 minutes; customers saw “please try again”.",
        services=("checkout", "orders", "orders-db", "web"),
        window=WINDOW,
        baseline=BASELINE,
        sources={"logs": f"{url}/logs", "metrics": f"{url}/metrics.parquet", "changes": f"{url}/changes.json"},
        alert=Alert(
            name="CheckoutErrorsHigh",
            starts_at="2026-03-01T14:03:30Z",
            labels={"service": "checkout"},
            annotations={"summary": "Over 5 % of checkouts fail"},
        ),
        times=Times(
            started=ONSET,
            detected="2026-03-01T14:03:30Z",
            acknowledged="2026-03-01T14:04:05Z",
            mitigated="2026-03-01T14:08:22Z",
        ),
        people={"incident commander": "Ada Okafor", "scribe": "Lee Park"},
        action_items=(
            ActionItem(
                text="Run index migrations with CREATE INDEX CONCURRENTLY", owner="Jon Wu", due=date(2026, 3, 15)
            ),
            ActionItem(text="Alert on lock waits over 1 s", owner="Ada Okafor", due=date(2026, 3, 8), done=True),
            ActionItem(text="Write the runbook"),
        ),
        links=("https://chat.example.org/archives/C1/p77", "javascript:alert(1)"),
        postmortem=PROSE,
        evidence=tuple(ledger),
        findings=findings,
        hypotheses=hypotheses,
        recommendations=(
            Recommendation(
                action="See who holds the lock",
                rationale="The holder is the session to end.",
                command="select pid, state, query from pg_stat_activity\nwhere wait_event_type = 'Lock';",
                risk="None: it only reads.",
                verify="One session is named by all that wait.",
                rollback="Nothing to take back.",
                hypothesis="H1",
                evidence=("E7",),
            ),
            Recommendation(
                action="Stop the migration",
                rationale="It holds the lock for as long as it runs.",
                command="select pg_cancel_backend(<pid>);",
                risk="The migration has to run again.",
                verify="lock_wait_seconds of orders-db falls below 50 ms within a minute.",
                rollback="Run the migration again, concurrently.",
                hypothesis="H1",
                evidence=(e5.id, "E7"),
            ),
        ),
        claims=(
            Claim(text=findings[0].sentence, evidence=("E7", "E4"), findings=("F1",)),
            Claim(text=findings[3].sentence, evidence=("E7",), findings=("F4",)),
        ),
        statements=(
            Statement(
                text="We had never run an index migration at noon before. <b>Never.</b>",
                author="Jon Wu",
                at="2026-03-01T15:20:00Z",
            ),
        ),
        analyzed=True,
        version=4,
        created_at="2026-03-01T14:05:00Z",
        updated_at="2026-03-01T16:00:00Z",
    )


def healthy_case() -> Case:
    """Ten quiet minutes, analyzed, with nothing found."""
    ledger = Ledger()
    ledger.record(logs(BASELINE, broken=False), source="logs", query="", window=BASELINE)
    ledger.record(logs(WINDOW, broken=False, seed=7), source="logs", query="", window=WINDOW)
    ledger.record(metrics(BASELINE, broken=False), source="metrics", query="", window=BASELINE)
    ledger.record(metrics(WINDOW, broken=False, seed=8), source="metrics", query="", window=WINDOW)
    return Case(
        id="INC-8",
        title="A quiet ten minutes",
        team="payments",
        severity="sev4",
        status="closed",
        window=WINDOW,
        baseline=BASELINE,
        evidence=tuple(ledger),
        analyzed=True,
        created_at="2026-03-01T14:05:00Z",
        updated_at="2026-03-01T16:00:00Z",
    )


def verifications(case: Case) -> tuple[Verification, ...]:
    """One of each outcome."""
    ids = [e.id for e in case.evidence]
    return (
        Verification(evidence=ids[0], outcome=Outcome.SAME),
        Verification(
            evidence=ids[1], outcome=Outcome.OTHER_KEY, difference="apart from redaction tokens: no difference"
        ),
        Verification(evidence=ids[3], outcome=Outcome.SAME),
        Verification(evidence=ids[4], outcome=Outcome.SOURCE_GONE, difference="changes.json is no longer there"),
        Verification(evidence=ids[7], outcome=Outcome.NOT_RERUNNABLE, difference="it was added by hand"),
    )


def similar() -> tuple[SimilarCase, ...]:
    """One earlier case."""
    return (
        SimilarCase(
            case_id="INC-2",
            title="Orders blocked by a vacuum",
            score=3.1,
            why="also waited for locks in orders-db",
            cause="lock contention in orders-db",
        ),
    )


def answer() -> Answer:
    """What asking about the broken case returns."""
    case = broken_case()
    return Answer(
        question="why is checkout failing since 14:02?",
        headline="Checkout most likely fails because of lock contention in orders-db.",
        window=WINDOW,
        baseline=BASELINE,
        claims=case.claims,
        findings=case.findings,
        hypotheses=case.hypotheses,
        recommendations=case.recommendations,
        follow_ups=("Who holds the lock?", "What did migration 0042 change?"),
        similar=similar(),
        runbooks=("Locks in PostgreSQL (runbooks/postgres-locks.md)",),
        missing=("There are no traces, so who called whom is taken from the service graph.",),
        evidence=case.evidence,
    )
