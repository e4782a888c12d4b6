"""Nouns: frozen, strict, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from faultmaven_lib.exceptions import WindowError
from faultmaven_lib.model import Alert, Finding, FindingKind, Mechanism, ServiceGraph, Window, duration, utc

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.timezones())


@given(MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=400)))
def test_a_window_is_its_text(start: datetime, length: timedelta) -> None:
    window = Window(start=start, end=start.astimezone(UTC) + length)
    assert Window.parse(str(window)) == window
    assert Window.model_validate_json(window.model_dump_json()) == window
    assert window.before().end == window.start
    assert window.before().length == window.length
    assert window.contains(window.start)
    assert not window.contains(window.end)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("2026-03-01T14:00/10m", "time zone"),
        ("2026-03-01T14:00Z", "start/end"),
        ("2026-03-01T14:00Z/2026-03-01T13:00Z", "end after it starts"),
        ("2026-03-01T14:00Z/0s", "end after it starts"),
        ("yesterday/10m", "write it as"),
        ("2026-03-01T14:00Z/ten", "write it as"),
    ],
)
def test_a_window_that_cannot_be_says_how_to_write_it(text: str, mend: str) -> None:
    with pytest.raises(WindowError, match=mend):
        Window.model_validate(text)


def test_durations_are_read() -> None:
    assert duration("1h30m") == timedelta(minutes=90)
    assert duration("250ms") == timedelta(milliseconds=250)
    for wrong in ("", "10", "10 parsecs", "-5m"):
        with pytest.raises(WindowError):
            duration(wrong)


def test_moments_of_every_make_become_utc() -> None:
    wanted = datetime(2026, 3, 1, 13, 2, tzinfo=UTC)
    assert utc(pd.Timestamp("2026-03-01T14:02:00.000000999+01:00")) == wanted
    with pytest.raises(WindowError):
        utc(pd.NaT)
    with pytest.raises(WindowError, match="no time zone"):
        utc(pd.Timestamp("2026-03-01"))


def test_an_onset_may_count_samples() -> None:
    finding = Finding(kind=FindingKind.SPIKE, subject="x", sentence="…", onset=17)
    assert finding.onset == 17.0
    assert Finding.model_validate_json(finding.model_dump_json()).onset == 17.0


def test_nouns_do_not_change_and_take_no_unknown_fields() -> None:
    alert = Alert(name="Slow", starts_at="2026-03-01T14:00Z", labels={"app": "shop", "job": "x"})
    assert alert.service == "shop"
    with pytest.raises(ValidationError):
        alert.name = "other"
    with pytest.raises(ValidationError):
        Alert(name="Slow", starts_at="2026-03-01T14:00Z", severity="page")


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12))
def test_the_graph_reaches_up_and_down_alike(edges: list[tuple[str, str]]) -> None:
    graph = ServiceGraph(edges=tuple(edges))
    assert set(ServiceGraph.from_frame(graph.frame()).edges) == set(edges)
    for one in graph.services:
        for other in graph.services:
            assert (other in graph.upstream_of(one)) == (one in graph.downstream_of(other))


def test_every_mechanism_can_be_said() -> None:
    assert len({m.phrase for m in Mechanism}) == len(Mechanism)
