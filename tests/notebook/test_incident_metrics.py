"""Every number counts or leaves out each incident exactly once, and says which."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.model import ActionItem, Case, ConfirmedCause, Mechanism, Times, Window
from faultmaven_lib.notebook.incident_metrics import (
    by_cause,
    by_severity,
    in_period,
    last,
    overview,
    repeat_groups,
    time_to_acknowledge,
    time_to_resolve,
)
from faultmaven_lib.storage import Store

DAY = datetime(2026, 3, 1, tzinfo=UTC)
PERIOD = Window(start=DAY, end=DAY + timedelta(days=30))
PLAIN = ("id", "title", "team", "severity", "status", "services")
MOMENTS = ("began", "started", "detected", "acknowledged", "mitigated", "resolved")


def frame(rows):
    table = pd.DataFrame(
        rows,
        columns=[*PLAIN, *MOMENTS, "cause", "cause_service", "cause_mechanism"],
    )
    for name in MOMENTS:
        table[name] = pd.to_datetime(table[name], utc=True)
    return table


def row(number, began=DAY, **fields):
    plain = {"title": "t", "team": "shop", "severity": "sev3", "status": "open", "services": "api"}
    causes = {"cause": "", "cause_service": "", "cause_mechanism": ""}
    return {"id": f"INC-{number}", "began": began} | dict.fromkeys(MOMENTS[1:]) | plain | causes | fields


minutes = st.none() | st.integers(-60, 600).map(lambda m: DAY + timedelta(minutes=m))
incident = st.fixed_dictionaries(
    {
        "began": st.integers(-60 * 24, 60 * 24).map(lambda h: DAY + timedelta(hours=h)),
        "started": minutes,
        "detected": minutes,
        "acknowledged": minutes,
        "resolved": minutes,
        "severity": st.sampled_from(["sev1", "sev2", "sev3", "sev4"]),
        "services": st.sampled_from(["", "api", "api, db", "db, api, web"]),
        "team": st.sampled_from(["shop", "platform"]),
        "cause_service": st.sampled_from(["", "api", "db"]),
        "cause_mechanism": st.sampled_from(["", "unknown", "lock_contention", "disk_full"]),
    }
)


@given(st.lists(incident, max_size=25), st.sampled_from([None, "shop"]))
def test_each_incident_is_counted_or_left_out_exactly_once(incidents, team):
    cases = frame([row(number, **fields) for number, fields in enumerate(incidents)])
    shown = overview(cases, {}, PERIOD, team=team)
    ids = sorted(shown.frame["id"])
    assert sorted(shown["incidents"].cases) == ids
    for key in ("detect", "acknowledge", "resolve"):
        measure = shown[key]
        parts = [*measure.cases, *(case for part in measure.excluded for case in part.cases)]
        assert sorted(parts) == ids
        if measure.value is None:
            assert not measure.cases
        else:
            assert 0 <= min(measure.each.values()) <= measure.value <= max(measure.each.values())
    severity, _, cause = shown.breakdowns
    assert sorted(case for group in severity.groups for case in group.cases) == ids
    named = [case for group in cause.groups for case in group.cases]
    assert sorted([*named, *(case for part in cause.excluded for case in part.cases)]) == ids
    assert shown["repeats"].value == len(repeat_groups(shown))


@given(st.lists(incident, max_size=15), st.randoms(use_true_random=False))
def test_the_order_of_the_store_does_not_matter(incidents, random):
    rows = [row(number, **fields) for number, fields in enumerate(incidents)]
    shuffled = random.sample(rows, len(rows))
    one, two = overview(frame(rows), {}, PERIOD), overview(frame(shuffled), {}, PERIOD)
    assert [m.value for m in one.measures] == pytest.approx([m.value for m in two.measures], nan_ok=True)
    assert [[g.label for g in b.groups] for b in one.breakdowns] == [
        [g.label for g in b.groups] for b in two.breakdowns
    ]


@given(st.lists(incident, max_size=15))
def test_an_incident_outside_the_period_and_the_one_before_changes_nothing(incidents):
    rows = [row(number, **fields) for number, fields in enumerate(incidents)]
    long_ago = row(999, began=DAY - timedelta(days=400), started=DAY, resolved=DAY + timedelta(days=9))
    one, two = overview(frame(rows), {}, PERIOD), overview(frame([*rows, long_ago]), {}, PERIOD)
    assert one.measures == two.measures
    assert one.before == two.before


def test_a_period_holds_its_start_and_not_its_end():
    cases = frame([row(1, PERIOD.start), row(2, PERIOD.end), row(3, PERIOD.end - timedelta(microseconds=1))])
    assert list(in_period(cases, PERIOD)["id"]) == ["INC-1", "INC-3"]
    assert not in_period(cases, last(timedelta(days=1), PERIOD.end)).empty


def test_times_that_run_backwards_are_left_out_with_the_reason():
    cases = frame([row(1, detected=DAY, acknowledged=DAY - timedelta(minutes=1)), row(2, detected=DAY)])
    measure = time_to_acknowledge(cases)
    assert measure.value is None
    assert {part.reason for part in measure.excluded} == {"acknowledged before detected", "no acknowledged time"}


def test_mean_and_median_of_the_times_to_resolve():
    cases = frame([row(n, started=DAY, resolved=DAY + timedelta(minutes=m)) for n, m in enumerate((10, 20, 90))])
    measure = time_to_resolve(cases)
    assert (measure.value, measure.median) == (2400.0, 1200.0)


def test_a_cause_confirmed_twice_is_a_repeat_and_an_unknown_mechanism_is_not():
    again = {"cause_service": "db", "cause_mechanism": "lock_contention"}
    vague = {"cause_service": "db", "cause_mechanism": "unknown"}
    cases = frame([row(1, **again), row(2, **again), row(3, **vague), row(4, **vague), row(5)])
    shown = overview(cases, {}, PERIOD)
    assert shown["repeats"].cases == ("INC-1", "INC-2")
    assert {part.reason: part.cases for part in shown["repeats"].excluded} == {
        "no confirmed cause": ("INC-5",),
        "confirmed with an unknown mechanism": ("INC-3", "INC-4"),
    }
    assert [group.label for group in by_cause(cases).groups] == ["db: lock contention"]


def test_open_action_items_with_the_overdue_first():
    items = {
        "INC-1": (ActionItem(text="late", due=date(2026, 3, 5)), ActionItem(text="done", done=True)),
        "INC-2": (ActionItem(text="some day"), ActionItem(text="soon", due=date(2026, 4, 20), owner="ann")),
    }
    shown = overview(frame([row(1), row(2), row(3), row(4)]), items, PERIOD, unread=["INC-4"])
    assert [(a.text, a.overdue) for a in shown.actions] == [("late", True), ("soon", False), ("some day", False)]
    assert shown["actions"].value == 3
    assert {p.reason: p.cases for p in shown["actions"].excluded} == {
        "no action item at all": ("INC-3",),
        "action items not read": ("INC-4",),
    }


def test_nothing_is_not_zero():
    shown = overview(frame([]), {}, PERIOD)
    assert shown["incidents"].value == 0
    assert shown["resolve"].value is None
    assert shown.before == {}


def test_severities_without_incidents_are_shown_as_none():
    assert [(g.label, len(g.cases)) for g in by_severity(frame([row(1)])).groups] == [
        ("sev1", 0), ("sev2", 0), ("sev3", 1), ("sev4", 0),
    ]  # fmt: skip


def test_the_numbers_read_what_a_real_store_lists(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'cases.db'}")
    window = Window(start=DAY, end=DAY + timedelta(minutes=10))
    times = Times(started=DAY, detected=DAY + timedelta(minutes=2), acknowledged=DAY + timedelta(minutes=6))
    cause = ConfirmedCause(service="db", mechanism=Mechanism.DISK_FULL)
    plain = {"title": "t", "team": "shop", "window": window, "baseline": window.before()}
    stamps = {"created_at": DAY, "updated_at": DAY}
    store.save(Case(id="INC-1", times=times, confirmed_cause=cause, services=("api", "db"), **plain, **stamps))
    store.save(Case(id="INC-2", **plain, **stamps))
    shown = overview(store.cases(limit=None), {}, PERIOD)
    store.close()
    assert shown["incidents"].value == 2
    assert shown["acknowledge"].value == 240
    assert [group.label for group in shown.breakdowns[1].groups] == ["api", "db"]
    assert [group.label for group in shown.breakdowns[2].groups] == ["db: a full disk"]
