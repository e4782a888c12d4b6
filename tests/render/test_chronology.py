import pandas as pd

from faultmaven_lib.evidence import Ledger
from faultmaven_lib.render import timeline
from faultmaven_lib.render.chronology import changes


def test_a_case_is_told_in_order_and_a_change_only_once(examples):
    entries = timeline(examples.broken_case())
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    assert [(e.kind, e.service, e.evidence) for e in entries if e.kind == "change"] == [
        ("change", "web", ("E5",)),
        ("change", "orders-db", ("E5",)),
    ]
    assert [e.name for e in entries if e.kind == "clock"] == ["started", "detected", "acknowledged", "mitigated"]


def test_the_same_changes_read_twice_are_one(examples):
    ledger = Ledger()
    ledger.record(examples.change_events(), source="changes", query="")
    ledger.record(examples.change_events(), source="changes", query="service=web")
    assert len(list(changes(tuple(ledger)))) == 2


def test_a_change_without_a_time_or_a_message_does_no_harm():
    frame = pd.DataFrame(
        {"time": pd.to_datetime([None, "2026-03-01T14:00Z"], utc=True), "kind": ["a", "b"], "message": [None, None]}
    )
    ledger = Ledger()
    ledger.record(frame, source="changes", query="")
    assert [(c.name, c.text) for c in changes(tuple(ledger))] == [("b", "b")]


def test_findings_are_not_taken_for_changes(examples):
    case = examples.broken_case()
    derived = tuple(e for e in case.evidence if e.kind == "derived")
    assert list(changes(derived)) == []
