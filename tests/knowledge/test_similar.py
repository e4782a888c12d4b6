from __future__ import annotations

from collections.abc import Iterator

import pytest

from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.model import Case, ConfirmedCause, Finding, FindingKind, Hypothesis, Mechanism, Status, Window
from faultmaven_lib.storage import Store

_WINDOW = Window.parse("2026-03-01T14:00Z/10m")


def _odd(service: str, *subjects: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(kind=FindingKind.NEW_TEMPLATE, service=service, subject=subject, sentence=f"{subject}.")
        for subject in subjects
    )


_LOCK = (
    *_odd("db", "process <num> still waiting for ShareLock on transaction <num> after <num> ms", "pg_locks_waiting"),
    *_odd("orders", "could not place order: no answer within <num> s", "http_request_duration_seconds p99"),
)
_LOCK_AGAIN = (
    *_odd("db", "process <num> still waiting for AccessExclusiveLock on relation <num> after <num> ms"),
    *_odd("checkout", "payment failed: timed out waiting for the database", "http_request_duration_seconds p99"),
)
_TLS = _odd("gateway", "x509: certificate has expired or is not yet valid", "TLS handshake error from <ip>")
_CACHE = _odd("catalog", "cache miss for product <id>", "redis_evicted_keys_total", "http_request_duration_seconds p99")


def _case(name: str, title: str, findings: tuple[Finding, ...], cause: ConfirmedCause | None = None) -> Case:
    return Case(
        id=name,
        title=title,
        team="shop",
        services=tuple(sorted({f.service for f in findings})),
        window=_WINDOW,
        baseline=_WINDOW.before(),
        findings=findings,
        confirmed_cause=cause,
        created_at=_WINDOW.end,
        updated_at=_WINDOW.end,
    )


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store(database_url) as opened:
        cause = ConfirmedCause(service="db", mechanism=Mechanism.LOCK_CONTENTION)
        opened.save(_case("INC-1", "Orders stall", _LOCK, cause))
        opened.save(_case("INC-2", "Handshakes fail", _TLS))
        yield opened


@pytest.fixture
def kb(store: Store) -> Iterator[KnowledgeBase]:
    with KnowledgeBase(store=store) as made:
        yield made


def test_the_case_of_the_same_kind_comes_back_and_no_other(kb: KnowledgeBase) -> None:
    (found,) = kb.similar(_LOCK_AGAIN)
    assert (found.case_id, found.title, found.cause) == ("INC-1", "Orders stall", "db: lock contention")
    assert "service db" in found.why
    assert "waiting" in found.why
    assert [c.case_id for c in kb.similar(_TLS)] == ["INC-2"]


def test_none_is_an_answer(kb: KnowledgeBase) -> None:
    assert kb.similar(_CACHE) == []
    assert kb.similar([]) == []
    assert kb.similar("DNS lookups fail in the cluster") == []


def test_the_same_service_alone_is_no_resemblance(kb: KnowledgeBase) -> None:
    assert kb.similar([], services=["gateway"]) == []
    assert kb.similar(_odd("gateway", "disk full"), services=["gateway"]) == []


def test_words_services_and_mechanisms_may_ask(kb: KnowledgeBase) -> None:
    assert [c.case_id for c in kb.similar("a certificate has expired")] == ["INC-2"]
    assert [c.case_id for c in kb.similar([], mechanisms=[Mechanism.LOCK_CONTENTION])] == ["INC-1"]
    alone = kb.similar(_LOCK_AGAIN)[0].score
    assert kb.similar(_LOCK_AGAIN, mechanisms=["lock_contention"])[0].score > alone
    with pytest.raises(ValueError, match="bad luck"):
        kb.similar([], mechanisms=["bad luck"])


def test_the_case_that_asks_is_left_out(kb: KnowledgeBase) -> None:
    assert kb.similar(_LOCK, exclude="INC-1") == []
    assert kb.similar(_LOCK, exclude=["INC-1", "INC-9"]) == []


def test_saved_and_erased_cases_are_seen_at_once(kb: KnowledgeBase, store: Store) -> None:
    assert [c.case_id for c in kb.similar(_LOCK)] == ["INC-1"]
    store.save(_case("INC-3", "Checkout stalls", _LOCK_AGAIN))
    assert {c.case_id for c in kb.similar(_LOCK)} == {"INC-1", "INC-3"}
    store.erase("INC-1", reason="asked for")
    assert [c.case_id for c in kb.similar(_LOCK)] == ["INC-3"]
    changed = store.load("INC-3").model_copy(update={"title": "Zebra crossing"})
    store.save(changed)
    assert kb.similar("zebra crossing")[0].title == "Zebra crossing"


def test_a_refuted_hypothesis_does_not_lead_to_a_case(kb: KnowledgeBase, store: Store) -> None:
    guess = Hypothesis(
        service="queue",
        mechanism=Mechanism.POISON_MESSAGE,
        cause="A poison message blocks the queue",
        status=Status.OPEN,
    )
    case = _case("INC-4", "Orders late", _odd("queue", "consumer lag")).model_copy(update={"hypotheses": (guess,)})
    saved = store.save(case)
    assert [c.case_id for c in kb.similar("a poison message blocks the queue")] == ["INC-4"]
    store.save(saved.model_copy(update={"hypotheses": (guess.model_copy(update={"status": Status.REFUTED}),)}))
    assert kb.similar("a poison message blocks the queue") == []


def test_a_team_sees_its_own_cases(store: Store, database_url: str) -> None:
    with Store(database_url, team="other") as theirs, KnowledgeBase(store=theirs) as kb:
        assert kb.similar(_LOCK) == []
