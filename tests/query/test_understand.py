"""A question names times, services and what it wants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.exceptions import WindowError
from faultmaven_lib.model import Window
from faultmaven_lib.query import understand

WINDOW = Window.parse("2026-03-01T14:00Z/30m")
SERVICES = ["cart", "checkout", "checkout-db", "api"]


@pytest.mark.parametrize(
    ("question", "span"),
    [
        ("why is checkout failing since 14:02?", "14:02:00/14:30:00"),
        ("what happened between 14:05 and 14:10", "14:05:00/14:10:00"),
        ("from 14:05 to 14:10:30?", "14:05:00/14:10:30"),
        ("14:05-14:10", "14:05:00/14:10:00"),
        ("errors at 14:10", "14:05:00/14:15:00"),
        ("the last 10 minutes", "14:20:00/14:30:00"),
        ("past hour", "13:30:00/14:30:00"),
        ("what changed until 14:10?", "14:00:00/14:10:00"),
        ("since 15:02+01:00", "14:02:00/14:30:00"),
        ("since 2026-03-01T14:20Z", "14:20:00/14:30:00"),
    ],
)
def test_times_are_read(question: str, span: str) -> None:
    start, end = (f"2026-03-01T{t}Z" for t in span.split("/"))
    assert understand(question, window=WINDOW).window == Window.parse(f"{start}/{end}")


@pytest.mark.parametrize("question", ["why?", "what changed in version 1:2", "error 25:61", "since yesterday", ""])
def test_no_time_is_made_up(question: str) -> None:
    assert understand(question, window=WINDOW).window is None


def test_across_midnight() -> None:
    window = Window.parse("2026-03-01T23:30Z/2026-03-02T00:30Z")
    assert str(understand("since 23:50", window=window).window) == "2026-03-01T23:50:00Z/2026-03-02T00:30:00Z"
    assert (
        str(understand("between 23:50 and 00:10", window=window).window) == "2026-03-01T23:50:00Z/2026-03-02T00:10:00Z"
    )


def test_a_window_that_cannot_be_is_refused_with_the_mend() -> None:
    with pytest.raises(WindowError, match="name the date"):
        understand("since 14:45", window=WINDOW)


@pytest.mark.parametrize(
    ("question", "services"),
    [
        ("why is checkout failing?", ("checkout",)),
        ("is checkout-db slower than cart?", ("checkout-db", "cart")),
        ("the apiary", ()),
        ("Checkout's errors and the API", ("checkout", "api")),
    ],
)
def test_services_are_whole_names(question: str, services: tuple[str, ...]) -> None:
    assert understand(question, services=SERVICES).services == services


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("why is checkout failing?", "why"),
        ("what changed?", "what changed"),
        ("which deploy was it", "what changed"),
        ("when did it start?", "when"),
        ("have we seen this before?", "similar"),
        ("how can I fix it", "runbook"),
        ("", "summary"),
    ],
)
def test_what_is_wanted(question: str, intent: str) -> None:
    assert understand(question).intent == intent


@given(st.text(max_size=300))
def test_any_text_is_a_question(text: str) -> None:
    try:
        request = understand(text, services=SERVICES, window=WINDOW)
    except WindowError:
        return
    assert set(request.services) <= set(SERVICES)
