"""A claim stands or falls with its evidence: every way in which it can be unsupported is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from faultmaven_lib.claims import check
from faultmaven_lib.evidence import Ledger, compare
from faultmaven_lib.exceptions import UnsupportedClaim
from faultmaven_lib.findings import findings_frame, to_findings
from faultmaven_lib.model import (
    Claim,
    Confidence,
    Finding,
    FindingKind,
    Hypothesis,
    Mechanism,
    Operation,
    Status,
    Window,
)

AT = datetime(2026, 3, 1, 14, 2, 11, tzinfo=UTC)
WINDOW = Window.parse("2026-03-01T14:00:00Z/5m")


class Notes:
    """What was recorded about one incident."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        index = pd.date_range("2026-03-01T14:00Z", periods=4, freq="40s", name="time")
        self.logs = pd.DataFrame(
            {
                "service": "checkout",
                "message": ["ok", "lock timeout on orders", "ok", "ok"],
                "line": [1, 2, 3, 777],
            },
            index,
        )
        self.ledger.record(self.logs, source="logs", query="service=checkout", window=WINDOW)
        found = [
            Finding(
                kind=FindingKind.NEW_TEMPLATE,
                service="postgres",
                subject="still waiting for <*> after <*> ms",
                direction="up",
                onset=AT,
                before=0,
                after=33.6,
                size=33.6,
                unit="/min",
                sentence='postgres logged "still waiting for <*> after <*> ms" 84 times, never in the 5 min before.',
            ),
            Finding(
                kind=FindingKind.LEVEL_SHIFT,
                service="checkout",
                subject="latency_p99",
                direction="up",
                onset=AT.replace(second=20),
                before=0.012,
                after=3.21,
                size=3.198,
                unit="s",
                sentence="checkout latency_p99 rose from 12.0 ms to 3.21 s.",
            ),
            Finding(
                kind=FindingKind.DIP,
                service="cart",
                subject="added item <*>",
                direction="down",
                onset=AT.replace(second=40),
                before=60,
                after=10,
                size=-50,
                unit="/min",
                sentence='cart logged "added item <*>" at 10 /min, down from 60 /min.',
            ),
        ]
        frame = findings_frame(found, Operation(name="logs.compare"), ["E1"])
        self.ledger.derive(frame, ["E1"], Operation(name="logs.compare"))
        self.findings = [f.model_copy(update={"id": f"F{i}"}) for i, f in enumerate(to_findings(frame), 1)]
        self.hypotheses = [
            Hypothesis(
                id="H1",
                service="postgres",
                mechanism=Mechanism.LOCK_CONTENTION,
                cause="Lock contention in postgres is the probable cause.",
                onset=AT,
                supports=("E2",),
                findings=("F1", "F2"),
                confidence=Confidence.PROBABLE,
            ),
            Hypothesis(
                id="H2",
                service="cart",
                mechanism=Mechanism.CODE_ERROR,
                cause="A code error in cart.",
                supports=("E2",),
                findings=("F3",),
                status=Status.REFUTED,
            ),
        ]

    def check(self, text: str, **cites: object) -> None:
        cites.setdefault("evidence", ("E2",))
        check([Claim(text=text, **cites)], self.ledger, self.findings, self.hypotheses)


@pytest.fixture
def notes() -> Notes:
    return Notes()


SUPPORTED = [
    ('The line "lock timeout on orders" is in the logs.', {"evidence": ("E1",)}),
    ("The window from 14:00 to 14:05 holds 4 rows of checkout.", {"evidence": ("E1",)}),
    ("checkout latency_p99 rose from 12.0 ms to 3.21 s.", {"findings": ("F2",)}),
    ("checkout latency_p99 rose from 12 ms to 3,210 ms at 14:02:20.", {"findings": ("F2",)}),
    ('At 14:02 UTC, a new message of postgres: "still waiting for <*> after <*> ms".', {"findings": ("F1",)}),
    ("postgres moved at 14:02:11, before checkout.", {"findings": ("F1", "F2")}),
    ("postgres moved first, then checkout.", {"findings": ("F1", "F2")}),
    ("Lock contention in postgres is the probable cause.", {"hypotheses": ("H1",)}),
    (
        "checkout latency_p99 rose because of lock contention in postgres.",
        {"findings": ("F2",), "hypotheses": ("H1",)},
    ),
    ("cart is not the cause.", {"hypotheses": ("H2",)}),
    ("H1 is supported by E2 and open.", {"hypotheses": ("H1",)}),
]

UNSUPPORTED = [
    ("The line is in the logs.", {"evidence": ()}, "cites no evidence"),
    ("The logs show it.", {"evidence": ("E9",)}, "does not exist"),
    ("checkout rose.", {"findings": ("F9",)}, "does not exist"),
    ("postgres is the cause.", {"hypotheses": ("H9",)}, "does not exist"),
    ("The window holds 5 rows.", {"evidence": ("E1",)}, "number 5"),
    ("The window holds 777 rows.", {"evidence": ("E1",)}, "number 777"),
    ("It began at 13:59:59.", {"evidence": ("E1",)}, "time 13:59:59"),
    ("It was on 2026-03-02.", {"evidence": ("E1",)}, "time 2026-03-02"),
    ("It lasted 7 min 3 s.", {"evidence": ("E1",)}, "duration 7 min 3 s"),
    ("The logs of billing show it.", {"evidence": ("E1",)}, "'billing'"),
    ('The line "disk full" is in the logs.', {"evidence": ("E1",)}, "quotes"),
    ("checkout latency_p99 rose to 4.21 s.", {"findings": ("F2",)}, "number 4.21 s"),
    ("checkout latency_p99 fell from 3.21 s to 12.0 ms.", {"findings": ("F2",)}, "'fell'"),
    ("cart rose.", {"findings": ("F2", "F3")}, "'rose'"),
    ("checkout rose.", {}, "direction"),
    ("checkout latency_p99 did not rise.", {"findings": ("F2",)}, "denies"),
    ("checkout is new.", {"findings": ("F2",)}, "'new'"),
    ("checkout moved before postgres.", {"findings": ("F1", "F2")}, "not the order"),
    ("postgres moved after checkout.", {"findings": ("F1", "F2")}, "not the order"),
    ("checkout moved first.", {"findings": ("F1", "F2")}, "'first'"),
    ("checkout moved before cart.", {"evidence": ("E1",)}, "order"),
    ("postgres is the cause.", {}, "without naming the hypothesis"),
    ("cart is the cause.", {"hypotheses": ("H1",)}, "blames cart"),
    ("postgres fails because of checkout.", {"hypotheses": ("H1",), "findings": ("F2",)}, "blames checkout"),
    ("checkout caused lock contention in postgres.", {"hypotheses": ("H1",), "findings": ("F2",)}, "blames checkout"),
    ("postgres is not the cause.", {"hypotheses": ("H1",)}, "the opposite"),
    ("cart is the cause.", {"hypotheses": ("H2",)}, "the opposite"),
    ("A memory leak in postgres is the cause.", {"hypotheses": ("H1",)}, "memory"),
    ("postgres is the confirmed cause.", {"hypotheses": ("H1",)}, "confirmed"),
    ("postgres is the strong cause.", {"hypotheses": ("H1",)}, "'strong'"),
    ("Lock contention in postgres is the probable cause.", {"hypotheses": ("H1",), "evidence": ("E1",)}, "citing"),
    ("Lock contention in postgres is the probable cause, see E1.", {"hypotheses": ("H1",)}, "mentions E1"),
    ("Nothing stands out.", {}, "denies"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cites"), SUPPORTED, ids=[s[0][:50] for s in SUPPORTED])
def test_a_claim_its_evidence_carries_is_supported(notes: Notes, text: str, cites: dict) -> None:
    notes.check(text, **cites)


@pytest.mark.parametrize(("text", "cites", "why"), UNSUPPORTED, ids=[s[0][:50] for s in UNSUPPORTED])
def test_a_claim_its_evidence_does_not_carry_is_refused(notes: Notes, text: str, cites: dict, why: str) -> None:
    with pytest.raises(UnsupportedClaim, match=why):
        notes.check(text, **cites)


def test_nothing_stands_out_needs_an_analysis_that_found_nothing(notes: Notes) -> None:
    nothing = notes.ledger.derive(notes.logs.iloc[:0], ["E1"], Operation(name="root_cause.rank"))
    notes.check("Nothing stands out.", evidence=(nothing.id,))


def test_evidence_added_by_hand_cannot_carry_a_claim_alone(notes: Notes) -> None:
    entry = notes.ledger.keep(pd.DataFrame({"note": ["orders"]}))
    with pytest.raises(UnsupportedClaim, match="cannot be run again"):
        notes.check("orders is in the result.", evidence=(entry.id,))
    notes.check("orders is in the result.", evidence=(entry.id, "E1"))


def test_evidence_that_has_changed_carries_nothing_nor_does_what_was_derived_from_it(notes: Notes) -> None:
    changed = compare(notes.ledger["E1"], notes.logs.iloc[:2])
    claim = Claim(text="checkout latency_p99 rose from 12.0 ms to 3.21 s.", evidence=("E2",), findings=("F2",))
    with pytest.raises(UnsupportedClaim, match="E1, which has changed: 2 rows went"):
        check([claim], notes.ledger, notes.findings, notes.hypotheses, [changed])


def test_a_finding_that_was_altered_after_it_was_recorded_is_refused(notes: Notes) -> None:
    notes.findings[1] = notes.findings[1].model_copy(update={"after": 9.99, "sentence": "checkout rose to 9.99 s."})
    with pytest.raises(UnsupportedClaim, match="does not contain"):
        notes.check("checkout rose to 9.99 s.", findings=("F2",))


def test_a_stored_result_that_was_tampered_with_is_refused(notes: Notes) -> None:
    other = Ledger().record(notes.logs.iloc[:1], source="x", query="")
    forged = [notes.ledger["E1"].model_copy(update={"snapshot": other.snapshot}), notes.ledger["E2"]]
    with pytest.raises(UnsupportedClaim, match="not the one that was recorded"):
        check([Claim(text="The logs of checkout.", evidence=("E1",))], forged)


def test_every_problem_of_every_claim_is_named(notes: Notes) -> None:
    with pytest.raises(UnsupportedClaim) as caught:
        check([Claim(text="99 rows of billing.", evidence=("E1",)), Claim(text="x", evidence=())], notes.ledger)
    assert len(caught.value.problems) >= 3


@pytest.mark.parametrize("text", ["checkout results in lock contention of postgres.", "It fell because of postgres."])
def test_a_cause_is_recognised_in_other_words(notes: Notes, text: str) -> None:
    with pytest.raises(UnsupportedClaim):
        notes.check(text, hypotheses=("H1",), findings=("F2",))
