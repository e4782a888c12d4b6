"""The question that tells two hypotheses apart: it is the same whoever leads, and the data at hand answers it."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faultmaven_lib.model import Hypothesis, Mechanism
from faultmaven_lib.sources.querying import parse_query
from faultmaven_lib.troubleshooting import Asked, Holdings, likelihood, measure, outcome_of, separating
from faultmaven_lib.troubleshooting.measuring import COLUMNS
from faultmaven_lib.troubleshooting.playbook import PLAYBOOK
from faultmaven_lib.troubleshooting.probes import PROBES, Reading

KNOWN = [m for m in Mechanism if m is not Mechanism.UNKNOWN]
BEFORE = pd.date_range("2026-03-01T14:00Z", periods=40, freq="5s", name="time")
AFTER = pd.date_range("2026-03-01T14:04Z", periods=60, freq="5s", name="time")
HELD = Holdings(
    logs={"logs": frozenset({"db", "shop"})},
    metrics={"metrics": (("db", "lock_wait_sessions"), ("db", "process_resident_memory_bytes"), ("db", "cpu_load1"))},
    traces={"spans": frozenset({"shop", "db"})},
)


def held(service: str, mechanism: Mechanism, name: str = "H1") -> Hypothesis:
    return Hypothesis(id=name, service=service, mechanism=mechanism, cause="…")


def metrics(index: pd.DatetimeIndex, **series: list[float]) -> pd.DataFrame:
    columns = pd.MultiIndex.from_tuples([("db", name) for name in series], names=["service", "metric"])
    return pd.DataFrame(np.column_stack(list(series.values())), index=index, columns=columns)


def logs(index: pd.DatetimeIndex, *messages: str, service: str = "db") -> pd.DataFrame:
    return pd.DataFrame({"service": service, "message": list(messages)}, index=index[: len(messages)])


def answered(mechanism: Mechanism, roles: list[str], *frames: pd.DataFrame) -> tuple[str, str]:
    parameters = {"mechanism": mechanism.value, "service": "db", "roles": roles, "seconds": [200.0, 300.0]}
    return outcome_of(measure(frames, parameters))


# ---- the list of probes


def test_every_mechanism_has_a_probe_and_every_pattern_is_understood_by_all_sources() -> None:
    assert set(PROBES) == set(KNOWN)
    for mechanism, probe in PROBES.items():
        assert probe.question.endswith("?")
        assert 0 <= probe.other < probe.likely <= 1
        assert all(probe.other <= p <= 1 for p in probe.also.values()), mechanism
        for reading in probe.readings:
            re.compile(reading.pattern)
            pc.match_substring_regex(pa.array([""]), f"(?i){reading.pattern}")


def test_every_mechanism_has_a_check_that_only_reads_and_a_change_with_risk_and_way_back() -> None:
    assert set(PLAYBOOK) == set(Mechanism)
    for mechanism, steps in PLAYBOOK.items():
        assert not steps[0].changes, mechanism
        assert any(step.changes for step in steps), mechanism
        for step in steps:
            assert all((step.action, step.rationale, step.risk, step.verify, step.rollback)), mechanism
        assert all(step.command for step in steps if not step.changes), mechanism


# ---- the choice


@given(st.sampled_from(KNOWN), st.sampled_from(list(Mechanism)), st.sampled_from(["db", "shop"]))
def test_what_is_asked_does_not_depend_on_who_leads(one: Mechanism, other: Mechanism, service: str) -> None:
    first, second = held("db", one), held(service, other, "H2")
    check, asked = separating(first, second, HELD)
    turned, asked_again = separating(second, first, HELD)
    assert check.difference == turned.difference
    if asked is not None and asked_again is not None:
        worth = [abs(likelihood(a, first) - likelihood(a, second)) for a in (asked, asked_again)]
        assert worth[0] == pytest.approx(worth[1])
    assert len(set(check.expected)) == 2
    assert check.question
    assert check.source or check.command


def test_the_question_is_one_whose_answers_the_two_foretell_differently() -> None:
    leak, busy = held("db", Mechanism.MEMORY_LEAK), held("db", Mechanism.CPU_SATURATION, "H2")
    check, asked = separating(leak, busy, HELD)
    # That the processor is busy goes with a leak as well: it would tell less.
    assert asked == Asked(Mechanism.MEMORY_LEAK, "db")
    assert check.expected == ("a yes speaks for H1 (a memory leak in db)", "a no speaks for H2 (CPU saturation in db)")
    assert check.query.startswith("service=db metric~")


def test_a_question_that_the_data_answers_goes_before_one_that_takes_a_person() -> None:
    disk, lock = held("db", Mechanism.DISK_FULL), held("db", Mechanism.LOCK_CONTENTION, "H2")
    only_locks = Holdings(metrics={"metrics": (("db", "lock_wait_sessions"),)})
    check, asked = separating(disk, lock, only_locks)
    assert asked == Asked(Mechanism.LOCK_CONTENTION, "db")
    assert check.source == "metrics"
    by_hand, nobody = separating(disk, lock, Holdings())
    assert nobody is None
    assert not by_hand.source
    assert by_hand.command


def test_two_unknown_causes_are_left_to_a_person() -> None:
    check, asked = separating(held("db", Mechanism.UNKNOWN), held("shop", Mechanism.UNKNOWN, "H2"), HELD)
    assert asked is None
    assert "kubectl logs -l app=db" in check.command


HOSTILE = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), min_size=1).filter(str.strip)


@given(HOSTILE, st.sampled_from(KNOWN))
@example("\\", Mechanism.LOCK_CONTENTION)
@example('a " b', Mechanism.LOCK_CONTENTION)
def test_a_name_out_of_a_log_breaks_no_query_and_no_command(service: str, mechanism: Mechanism) -> None:
    names = frozenset({service})
    everything = Holdings(logs={"logs": names}, metrics={"m": tuple((service, x) for x in ("lock_wait", "cpu_wait"))})
    check, _ = separating(held(service, mechanism), held("other", Mechanism.UNKNOWN, "H2"), everything)
    terms = parse_query(check.query)
    asked = [t.value for t in terms if t.field == "service"]
    assert asked in ([], [service])
    if service in check.command:
        assert shlex.quote(service) in check.command


def test_prometheus_is_asked_in_its_own_language() -> None:
    held_there = Holdings(metrics={"prom": (("db", "lock_wait"),)}, languages={"prom": "promql"})
    reading = Reading("metrics", r"lock\w*wait", "rises")
    assert held_there.query(reading, "db") == r'{__name__=~"(?i).*(lock\\w*wait).*"}'


def test_what_there_is_nothing_of_is_named() -> None:
    told = Holdings().missing("db", alerted="shop")
    assert len(told) == 5
    assert all(
        word in text for word, text in zip(("logs", "metrics", "traces", "changes", "calls whom"), told, strict=True)
    )
    assert "from shop" in told[2]
    complete = Holdings(HELD.logs, HELD.metrics, HELD.traces, changes=True, graph=True)
    assert complete.missing("db") == []
    assert complete.missing("mailer")[0].startswith("there are no logs of mailer")


# ---- the answer

FLAT = [100.0 + i % 3 for i in range(40)]


def test_a_leak_grows_and_a_step_does_not() -> None:
    roles = ["0 baseline", "0 incident"]
    name = "process_resident_memory_bytes"
    before = metrics(BEFORE, **{name: FLAT})
    leak = metrics(AFTER, **{name: [100.0 + 3 * i for i in range(60)]})
    step = metrics(AFTER, **{name: [100.0] * 5 + [280.0] * 55})
    restarted = metrics(AFTER, **{name: [100.0 + 6 * i for i in range(40)] + [100.0] * 20})
    assert answered(Mechanism.MEMORY_LEAK, roles, before, leak)[0] == "yes"
    assert answered(Mechanism.MEMORY_LEAK, roles, before, restarted)[0] == "yes"
    outcome, told = answered(Mechanism.MEMORY_LEAK, roles, before, step)
    assert (outcome, name in told) == ("no", True)


def test_a_series_answers_by_leaving_the_range_of_its_baseline() -> None:
    roles = ["0 baseline", "0 incident"]
    before = metrics(BEFORE, lock_wait_sessions=[0.0, 1.0] * 20)
    assert (
        answered(Mechanism.LOCK_CONTENTION, roles, before, metrics(AFTER, lock_wait_sessions=[0.0, 1.0] * 30))[0]
        == "no"
    )
    assert (
        answered(Mechanism.LOCK_CONTENTION, roles, before, metrics(AFTER, lock_wait_sessions=[0.0, 9.0] * 30))[0]
        == "yes"
    )
    few = metrics(AFTER[:2], lock_wait_sessions=[0.0, 9.0])
    assert answered(Mechanism.LOCK_CONTENTION, roles, before, few)[0] == "unclear"
    counter = metrics(BEFORE, lock_waits_total=[float(i) for i in range(40)])
    faster = metrics(AFTER, lock_waits_total=[40.0 + 20 * i for i in range(60)])
    same = metrics(AFTER, lock_waits_total=[40.0 + i for i in range(60)])
    assert answered(Mechanism.LOCK_CONTENTION, roles, counter, faster)[0] == "yes"
    assert answered(Mechanism.LOCK_CONTENTION, roles, counter, same)[0] == "no"


def test_lines_answer_by_their_rate_and_one_yes_is_an_answer() -> None:
    logged = ["1 baseline", "1 incident"]
    waits = ["still waiting for ShareLock"] * 9
    assert answered(Mechanism.LOCK_CONTENTION, logged, logs(BEFORE), logs(AFTER, *waits))[0] == "yes"
    assert answered(Mechanism.LOCK_CONTENTION, logged, logs(BEFORE, *waits[:6]), logs(AFTER, *waits))[0] == "no"
    assert answered(Mechanism.LOCK_CONTENTION, logged, logs(BEFORE), logs(AFTER, *waits, service="shop"))[0] == "no"
    quiet = metrics(BEFORE, lock_wait_sessions=[0.0] * 40), metrics(AFTER, lock_wait_sessions=[0.0] * 60)
    both = answered(
        Mechanism.LOCK_CONTENTION, ["0 baseline", "0 incident", *logged], *quiet, logs(BEFORE), logs(AFTER, *waits)
    )
    assert both == ("yes", "The log of db has 9 such lines in the window, 0 in the baseline.")


def calls(*subjects: str, says: str = "could not obtain lock") -> pd.DataFrame:
    failing = {"kind": "edge errors", "direction": "up", "before": 0.0, "after": 90.0, "score": 9.0, "example": says}
    rows = [
        failing | {"service": name.partition(" → ")[2].split()[0], "subject": name, "sentence": f"{name} rose."}
        for name in subjects
    ]
    return pd.DataFrame(rows)


def test_what_is_not_in_the_log_may_be_in_the_failing_calls_unless_it_is_passed_on() -> None:
    roles = ["1 baseline", "1 incident", "1 findings"]
    silent = logs(BEFORE, "checkpoint complete"), logs(AFTER, "checkpoint complete")
    own, passed_on = calls("shop → db errors"), calls("shop → db errors", "db → disk errors")
    assert answered(Mechanism.LOCK_CONTENTION, roles, *silent, own) == ("yes", "shop → db errors rose.")
    assert answered(Mechanism.LOCK_CONTENTION, roles, *silent, passed_on)[0] == "no"
    assert answered(Mechanism.LOCK_CONTENTION, roles, *silent, calls("shop → db errors", says="reset"))[0] == "no"
    assert answered(Mechanism.LOCK_CONTENTION, roles, *silent, calls("db → shop errors"))[0] == "no"


def test_nothing_read_is_no_answer() -> None:
    answer = measure([], {"mechanism": "lock_contention", "service": "db", "roles": [], "seconds": [1.0, 1.0]})
    assert answer.columns.tolist() == list(COLUMNS)
    assert outcome_of(answer) == ("unclear", "")


@pytest.mark.parametrize("mechanism", KNOWN)
def test_no_probe_breaks_on_empty_frames(mechanism: Mechanism) -> None:
    roles, frames = [], []
    for number, reading in enumerate(PROBES[mechanism].readings):
        empty = logs(BEFORE) if reading.kind == "logs" else metrics(BEFORE[:0], x=[])
        for side in ("baseline", "incident"):
            roles.append(f"{number} {side}")
            frames.append(empty)
    assert answered(mechanism, roles, *frames)[0] in ("no", "unclear")
