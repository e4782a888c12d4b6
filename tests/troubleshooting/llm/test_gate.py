"""What a model may say: each shape that passes, and what keeps the others out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.claims import check
from faultmaven_lib.model import Claim, Dropped, ModelSentence, Status
from faultmaven_lib.troubleshooting.llm.schema import SaidSentence

from .incident import ORDERS, WAITS, recorded

WAITED: dict[str, Any] = {"finding": "F1", "service": "postgres", "direction": "up", "evidence": ["E3"]}
SLOW: dict[str, Any] = {"finding": "F3", "service": "checkout", "direction": "up", "evidence": ["E4"]}
HEAP: dict[str, Any] = {"finding": "F5", "service": "cart", "direction": "down", "evidence": ["E4"]}
DIP: dict[str, Any] = {"finding": "F2", "service": "cart", "direction": "down", "evidence": ["E3"]}
LOCKS: dict[str, Any] = {"kind": "cause", "hypothesis": "H1", "service": "postgres", "evidence": ["E3"]}
POOL: dict[str, Any] = {"kind": "cause", "hypothesis": "H2", "service": "checkout", "evidence": ["E4"]}
CODE: dict[str, Any] = {"kind": "cause", "hypothesis": "H3", "service": "cart", "evidence": ["E3"]}
FIRST: dict[str, Any] = {"kind": "order", "before": "F1", "after": "F3", "evidence": ["E3", "E4"]}
LOOK: dict[str, Any] = {"kind": "action", "evidence": ["E3"]}
ASK: dict[str, Any] = {"kind": "question", "evidence": ["E3"]}
RAW: dict[str, Any] = {"evidence": ["E1"]}

PASS = [
    ("latency_p99_seconds of checkout rose from 12 ms to 3.21 s.", SLOW),
    ("At 14:02:30 UTC, the p99 latency of checkout rose from 0.012 s to about 3.2 s.", SLOW),
    ("latency_p99_seconds of checkout increased by 3.2 s at 2026-03-01 14:02:30 UTC (E4, F3).", SLOW),
    ("checkout's latency_p99_seconds reached 3,210 ms.", SLOW),
    ("heap_bytes of cart fell from 520 MB to 210 MB at 14:03:01.", HEAP),
    (f'postgres logged a new message at 14:02:11: "{WAITS}".', WAITED),
    ('postgres logged "process 862 still waiting for ShareLock after 1000 ms".', WAITED),
    ("postgres logged a new message at 14:02.", WAITED),
    (f'postgres logged "{WAITS}" 336 times in 10 min.', WAITED),
    ('cart logged "added item <*>" less from 14:03:00.', DIP),
    ("latency_p99_seconds of checkout rose from 12 ms to 3.21 s (×268) at 2026-03-01 14:02:30 UTC and stayed there.",
     SLOW),
    ("Lock contention in postgres is the probable cause.", LOCKS),
    ("The probable cause is lock contention in postgres (E3).", LOCKS),
    ("Lock contention in postgres is a possible cause.", LOCKS),
    ("postgres is a likely cause.", LOCKS),
    ("lock_wait_sessions of postgres rose from 0 to 9, probably because of lock contention in postgres.",
     {**LOCKS, "finding": "F4", "evidence": ["E4"]}),
    ("An exhausted connection pool in checkout is a possible cause.", POOL),
    ("A code error in cart is not the cause.", CODE),
    ("postgres moved before checkout.", FIRST),
    ("postgres moved at 14:02:11, before checkout moved at 14:02:30.", FIRST),
    ("postgres moved first, then checkout.", FIRST),
    ("checkout moved after postgres.", FIRST),
    ("Check the locks and sessions of postgres.", LOOK),
    ("Compare the logs of postgres and cart.", {**LOOK, "command": "kubectl logs -l app=postgres --tail=100"}),
    ("Did postgres restart?", ASK),
    ("Were the connections of postgres open?", ASK),
    ("logs holds 8 rows.", RAW),
    ('postgres logged "lock timeout on orders" at 14:00:40.', RAW),
    ('postgres logged the ERROR message "lock timeout on orders" with status 500.', RAW),
    ("latency_p99_seconds of checkout was 3.21 s at 14:04:00.", {"evidence": ["E2"]}),
    ("checkout had a deploy 1.4.2 at 13:10:00 by ana.", {"evidence": ["E5"]}),
]  # fmt: skip

DROP = [
    ("latency_p99_seconds of checkout fell from 12 ms to 3.21 s.", SLOW, "'fell'"),
    ("latency_p99_seconds of checkout rose from 3.21 s to 12 ms.", SLOW, "from 3.21 s"),
    ("latency_p99_seconds of checkout rose to 3.21 ms.", SLOW, "to 3.21 ms"),
    ("latency_p99_seconds of checkout rose to 4 s.", SLOW, "to 4 s"),
    ("latency_p99_seconds of checkout rose at 14:02:31.", SLOW, "not the onset"),
    ("latency_p99_seconds of checkout rose.", {**SLOW, "direction": "down"}, "direction down"),
    ("latency_p99_seconds of checkout rose.", {**SLOW, "service": "cart"}, "said to be about cart"),
    ("latency_p99_seconds of cart rose.", SLOW, "names cart"),
    ("latency_p99_seconds of checkout rose.", {**SLOW, "evidence": ["E2"]}, "does not contain"),
    ("latency_p99_seconds of checkout rose.", {**SLOW, "evidence": ["E9"]}, "E9, which does not exist"),
    ("latency_p99_seconds of checkout rose.", {**SLOW, "finding": "F9"}, "F9, which does not exist"),
    ("latency_p99_seconds of checkout rose.", {**SLOW, "evidence": []}, "cites no evidence"),
    ("latency_p99_seconds of checkout rose (E1).", SLOW, "mentions E1"),
    ("latency_p99_seconds of checkout rose.", {**SLOW, "evidence": ["E4", "E5"]}, "cites E5"),
    ("p99 of checkout is latency.", SLOW, "takes the name"),
    ("latency of checkout rose.", SLOW, "takes the name"),
    ("latency_p99_seconds of checkout rose.", {"evidence": ["E4"]}, "direction without naming the finding"),
    ("checkout rose.", SLOW, "does not say what F3 is about"),
    ("latency_p99_seconds of checkout tripled.", SLOW, "number 'tripled' in letters"),
    ("latency_p99_seconds of checkout never rose.", SLOW, "denies"),
    ("latency_p99_seconds of checkout rose to more than 3.21 s.", SLOW, "'than'"),
    ('cart logged "added item <*>" 600 times in 10 min.', DIP, "'600 times in 10 min'"),
    ('cart logged "added item 99".', DIP, "quotes 'added item 99'"),
    ("cart is gone.", DIP, "'gone'"),
    ("postgres is new.", WAITED, "'new'"),
    ('The "cause" is "postgres".', WAITED, "quotes"),
    ("billing is the probable cause.", LOCKS, "does not name postgres"),
    ("Lock contention in postgres is the cause.", LOCKS, "more surely"),
    ("Lock contention in postgres is the confirmed cause.", LOCKS, "more surely"),
    ("Lock contention in postgres is not the cause.", LOCKS, "does not say of the cause"),
    ("A memory leak in postgres is the probable cause.", LOCKS, "names a memory leak"),
    ("Lock contention in postgres is the probable cause.", {**LOCKS, "service": "cart"}, "said to be about cart"),
    ("Lock contention in postgres is the probable cause.", {**LOCKS, "evidence": ["E3", "E5"]}, "cites E5"),
    ("Lock contention in postgres is the probable cause.", {**LOCKS, "hypothesis": ""}, "without naming the hypo"),
    ("Lock contention in postgres is the probable cause.", {**LOCKS, "evidence": ["E1"]}, "without citing evidence"),
    ("latency_p99_seconds of checkout rose, probably because of lock contention in postgres.",
     {**LOCKS, "finding": "F3", "evidence": ["E3", "E4"]}, "no finding of H1"),
    ("An exhausted connection pool in checkout is the probable cause.", POOL, "more surely"),
    ("A code error in cart is a possible cause.", CODE, "does not say of the cause"),
    ("checkout moved before postgres.", FIRST, "cannot be held against"),
    ("checkout moved before postgres.", {**FIRST, "before": "F3", "after": "F1"}, "not the order of their onsets"),
    ("checkout moved first.", {**FIRST, "before": "F3", "after": "F2"}, "F1 of postgres is not later"),
    ("postgres moved before checkout.", {**FIRST, "before": "F4"}, "moved earlier than F4"),
    ("heap_bytes of cart moved after cart.", {**FIRST, "before": "F2", "after": "F5"}, "too close"),
    ("postgres moved at 14:02:30, before checkout.", FIRST, "14:02:30"),
    ("postgres moved before checkout.", {**FIRST, "after": ""}, "without naming the finding"),
    ("Restart postgres.", LOOK, "may only ask to look"),
    ("Check postgres.", {**LOOK, "command": "kubectl delete pod postgres"}, "not on the list"),
    ("Check billing.", LOOK, "'billing'"),
    ("Check the memory leak of postgres.", LOOK, "'leak'"),
    ("Why did postgres break?", ASK, "takes nothing for granted"),
    ("Did the leak in postgres spread?", ASK, "'leak'"),
    ("Did postgres restart?", {**ASK, "evidence": ["E9"]}, "E9, which does not exist"),
    ("logs holds 9 rows.", RAW, "no single row"),
    ('checkout logged "lock timeout on orders".', RAW, "no single row"),
    ('postgres logged "lock timeout on orders" at 14:00:00.', RAW, "no single row"),
    ('postgres logged "lock timeout on orders" with status 404.', RAW, "no single row"),
    ('postgres logged "lock timeout".', RAW, "no single row"),
    ("latency_p99_seconds of checkout was 0.012 s at 14:04:00.", {"evidence": ["E2"]}, "no single row"),
    ("lock timeout on orders.", RAW, "'lock'"),
    ("", RAW, "says nothing"),
    ("logs holds 8 rows. billing broke.", RAW, "more than one sentence"),
]  # fmt: skip


@pytest.fixture(scope="module")
def held() -> SimpleNamespace:
    return recorded()


@pytest.mark.parametrize(("text", "cites"), PASS, ids=[p[0][:60] for p in PASS])
def test_a_sentence_that_the_record_holds_passes_and_holds_as_a_claim(
    held: SimpleNamespace, text: str, cites: dict[str, Any]
) -> None:
    judged = held.gate.sentence(SaidSentence(text=text, **cites))
    assert isinstance(judged, ModelSentence), judged.reasons
    if judged.kind not in ("action", "question"):
        claim = Claim(
            text=judged.text, evidence=judged.evidence, findings=judged.findings, hypotheses=judged.hypotheses
        )
        check([claim], held.ledger, held.findings, held.hypotheses)


@pytest.mark.parametrize(("text", "cites", "why"), DROP, ids=[d[0][:50] + d[2][:15] for d in DROP])
def test_a_sentence_that_the_record_does_not_hold_is_dropped_with_the_reason(
    held: SimpleNamespace, text: str, cites: dict[str, Any], why: str
) -> None:
    judged = held.gate.sentence(SaidSentence(text=text, **cites))
    assert isinstance(judged, Dropped)
    assert why in "; ".join(judged.reasons)


@pytest.mark.parametrize("line", ORDERS)
def test_what_a_log_line_orders_cannot_be_said(held: SimpleNamespace, line: str) -> None:
    for text in (line, f"{line}.", f'postgres logged "{line}".', f"checkout logged {line}.", f'Check "{line}".'):
        for cites in (RAW, WAITED, LOCKS, LOOK, ASK):
            assert isinstance(held.gate.sentence(SaidSentence(text=text, **cites)), Dropped)


def test_it_can_be_quoted_whole_as_what_its_service_logged_unless_it_holds_a_command(held: SimpleNamespace) -> None:
    judged = [held.gate.sentence(SaidSentence(text=f'checkout logged "{line}".', **RAW)) for line in ORDERS]
    assert [isinstance(j, ModelSentence) for j in judged] == [True, False, False, True, False]


def test_a_confirmed_cause_may_be_said_so_and_one_given_up_not_at_all() -> None:
    fresh = recorded()
    told = SaidSentence(text="Lock contention in postgres is the cause.", **LOCKS)
    for status, passes in ((Status.CONFIRMED, True), (Status.INCONCLUSIVE, False), (Status.RETIRED, False)):
        fresh.board.settle("H1", status, by="ana")
        fresh.scope.hypothesis = {h.id: h for h in fresh.board}
        assert isinstance(fresh.gate.sentence(told), ModelSentence) is passes


def test_the_same_sentence_is_said_once(held: SimpleNamespace) -> None:
    passed, dropped = held.gate.sentences([SaidSentence(text=PASS[0][0], **SLOW)] * 2)
    assert len(passed) == 1
    assert dropped[0].reasons == ("is said already",)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=80), place=st.integers(0, 200), which=st.integers(0, len(PASS) - 1))
def test_nothing_can_be_put_into_a_sentence_but_what_is_read_there(
    held: SimpleNamespace, text: str, place: int, which: int
) -> None:
    """Whatever is put into a sentence, it is dropped or made of plain signs that were read."""
    sentence, cites = PASS[which]
    judged = held.gate.sentence(SaidSentence(text=sentence[:place] + text + sentence[place:], **cites))
    if isinstance(judged, ModelSentence):
        assert judged.text.isprintable()
        assert set(judged.text) - set(sentence) <= set(" .,:()0123456789EFH") | set(text)
