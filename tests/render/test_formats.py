import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.exceptions import WindowError
from faultmaven_lib.model import Window
from faultmaven_lib.render import in_words, moment, number, window_text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0004, "0 s"),
        (0.25, "250 ms"),
        (0.9996, "1 s"),
        (4.21, "4.2 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (3590, "59 min 50 s"),
        (7500, "2 h 5 min"),
        (100_800, "1 d 4 h"),
        (-90, "−1 min 30 s"),
    ],
)
def test_durations_are_said_in_two_units(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words


@given(st.integers(0, 10**7))
def test_whole_durations_are_right_to_their_smaller_unit(seconds):
    sizes = {"d": 86400, "h": 3600, "min": 60, "s": 1}
    parts = in_words(timedelta(seconds=seconds)).replace(",", "").split()
    told = sum(int(n) * sizes[unit] for n, unit in zip(parts[::2], parts[1::2], strict=True))
    smallest = min(sizes[u] for u in parts[1::2]) if seconds else 1
    coarse = {1: 1, 60: 60, 3600: 3600, 86400: 3600}[smallest]
    assert abs(told - seconds) <= max(coarse, 1) / 2 if seconds >= 3600 else told == seconds


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (3.2149, "s", "3.21 s"),
        (0.012, "s", "12.0 ms"),
        (3210, "ms", "3.21 s"),
        (0.9996, "s", "1.00 s"),
        (0.00000312, "s", "3.12 µs"),
        (1_200_000, "B", "1.2 MB"),
        (999_999, "bytes", "1 MB"),
        (30, "×", "×30"),
        (2.345, "×", "×2.35"),
        (812, "", "812"),
        (12_345, "", "12,345"),
        (12_345.6, "", "12,300"),
        (0.1234, "%", "0.123 %"),
        (41.66, "/s", "41.7/s"),
        (16.2, "/min", "16.2/min"),
        (5, "lines", "5 lines"),
        (0.93, "ratio", "0.93"),
        (-3.2, "s", "−3.20 s"),
        (None, "s", "–"),
        (math.nan, "s", "–"),
        (math.inf, "s", "∞ s"),
        (0, "s", "0 s"),
        (600, "s", "10 min"),
        (1e-7, "", "1e−07"),
    ],
)
def test_numbers_have_three_digits_and_a_unit(value, unit, shown):
    assert number(value, unit) == shown


@given(st.floats(), st.sampled_from(["s", "ms", "B", "×", "%", "", "/s", "rows"]))
def test_every_float_can_be_shown(value, unit):
    shown = number(value, unit)
    assert shown
    assert "-" not in shown
    assert "nan" not in shown.lower()


AT = datetime(2026, 3, 1, 14, 2, 11, 999_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "2026-03-01 14:02:11 UTC (15:02 CET)"),
        ("UTC", "2026-03-01 14:02:11 UTC"),
        ("Asia/Tokyo", "2026-03-01 14:02:11 UTC (23:02 JST)"),
        ("Pacific/Auckland", "2026-03-01 14:02:11 UTC (2026-03-02 03:02 NZDT)"),
    ],
)
def test_moments_are_utc_with_the_readers_clock_beside_it(zone, shown):
    assert moment(AT, zone) == shown


def test_without_a_zone_the_machines_is_used(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert moment(AT) == "2026-03-01 14:02:11 UTC (09:02 EST)"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_unknown_zone_says_how_to_write_one():
    with pytest.raises(WindowError, match=r"Mars/Base.*Europe/Berlin"):
        moment(AT, "Mars/Base")


def test_a_window_over_midnight_names_both_days():
    window = Window.parse("2026-03-01T23:55Z/10m")
    assert window_text(window, "UTC") == "2026-03-01 23:55:00 to 2026-03-02 00:05:00 UTC, 10 min"
