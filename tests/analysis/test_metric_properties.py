"""What holds of ``MetricAnalyzer`` whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.analysis import MetricAnalyzer
from faultmaven_lib.analysis.metrics.families import by_family
from faultmaven_lib.findings import COLUMNS
from tests.bench.simulated_series import CHANGES, HEALTHY, changed, frames, mixed

T0 = pd.Timestamp("2026-03-01T12:00Z")
NUMBERS = st.floats(-1e9, 1e9) | st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.0, 1.0, 100.0, 1e300])
NAMES = st.sampled_from(["m", "x_total", 'x_bucket{le="1"}', 'x_bucket{le="+Inf"}', 'x_bucket{le="5"}', "x_count"])
CELLS = NUMBERS | st.booleans() | st.none() | st.integers(-5, 5) | st.sampled_from(["7", "x", ""])


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows, width = draw(st.integers(0, 40)), draw(st.integers(0, 5))
    columns = [(draw(st.sampled_from(["s", "t", ""])), draw(NAMES)) for _ in range(width)]
    kind = draw(st.sampled_from(["float", "object", "bool", "int"]))
    cells = {"float": NUMBERS, "object": CELLS, "bool": st.booleans(), "int": st.integers(-(2**40), 2**40)}[kind]
    values = [[draw(cells) for _ in range(width)] for _ in range(rows)]
    frame = pd.DataFrame(values, columns=pd.MultiIndex.from_tuples(columns) if columns else None, index=range(rows))
    steps = np.cumsum(draw(st.lists(st.integers(0, 90_000), min_size=rows, max_size=rows)) or [0])[:rows]
    made = draw(st.sampled_from(["time", "epoch", "samples", "text"]))
    if made == "time":
        return frame.set_axis(T0 + pd.to_timedelta(steps, unit="s"), axis=0)
    if made == "epoch":
        return frame.set_axis(1.7e9 + steps.astype("float64"), axis=0)
    return frame.set_axis([f"row {i}" for i in range(rows)], axis=0) if made == "text" else frame


@settings(max_examples=150, deadline=None)
@given(tables(), tables())
def test_no_frame_is_fatal(before: pd.DataFrame, after: pd.DataFrame) -> None:
    analyzer = MetricAnalyzer().fit(before)
    odd = analyzer.compare(after)
    assert tuple(odd.columns) == COLUMNS
    assert len(odd) or odd.attrs["reason"]
    assert not odd.duplicated(["service", "subject"]).any()
    for scores in (analyzer.score_samples(after), MetricAnalyzer().score_samples(after)):
        assert scores.shape[1] == after.shape[1]


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 40))
def test_scores_without_a_baseline_know_no_later_sample(frame: pd.DataFrame, cut: int) -> None:
    if not isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.set_axis(T0 + pd.to_timedelta(15 * np.arange(len(frame)), unit="s"), axis=0)
    frame = frame.apply(pd.to_numeric, errors="coerce") if frame.shape[1] and len(frame) else frame
    frame = frame.loc[:, ~frame.columns.duplicated()]
    scores = MetricAnalyzer().score_samples(frame)
    pd.testing.assert_frame_equal(MetricAnalyzer().score_samples(frame.iloc[:cut]), scores.iloc[:cut])


def ill(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forty series of all kinds, and one change of each kind."""
    rng = np.random.default_rng(seed)
    values, kinds = mixed(rng, 40, 320)
    noise = HEALTHY["white noise"](rng, len(CHANGES), 320)
    for row, kind in enumerate(CHANGES):
        changed(rng, noise[row : row + 1], 160, kind, 30 if kind in ("spike", "dip") else 10)
    return frames(np.concatenate([values, noise]), [*kinds, *CHANGES], 160)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_columns_and_rows_does_not_matter(seed: int, random) -> None:
    before, after = ill(seed)
    columns = list(before.columns)
    random.shuffle(columns)
    plain = MetricAnalyzer().fit(before).compare(after)
    other = MetricAnalyzer().fit(before[columns].iloc[::-1]).compare(after[columns[::-1]].iloc[::-1])
    pd.testing.assert_frame_equal(plain, other)
    assert len(plain) >= 4


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([-10, -3, 4, 12]))
def test_another_unit_scales_the_sizes_and_nothing_else(seed: int, power: int) -> None:
    before, after = (frame.filter(regex="m4[0-9]$") for frame in ill(seed))
    plain = MetricAnalyzer().fit(before).compare(after)
    other = MetricAnalyzer().fit(before * 2.0**power).compare(after * 2.0**power)
    same = ["kind", "subject", "direction", "onset", "score"]
    pd.testing.assert_frame_equal(plain[same], other[same])
    for size in ("before", "after", "size"):
        np.testing.assert_allclose(plain[size] * 2.0**power, other[size], rtol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 50))
def test_frames_in_turn_are_compared_as_one(seed: int, width: int) -> None:
    before, after = ill(seed)

    def parts(frame: pd.DataFrame):
        return (frame.iloc[:, i : i + width] for i in range(0, frame.shape[1], width))

    whole = MetricAnalyzer().fit(before).compare(after)
    pd.testing.assert_frame_equal(MetricAnalyzer().fit(parts(before)).compare(parts(after)), whole)


def test_a_series_in_two_frames_and_what_is_no_frame_are_refused() -> None:
    before, after = ill(1)
    with pytest.raises(ValueError, match="came in two frames"):
        MetricAnalyzer().fit([before, before.iloc[:, :1]])
    with pytest.raises(ValueError, match="m0 of s0 came in two frames"):
        MetricAnalyzer().fit(before).compare([after, after.iloc[:, :1]])
    with pytest.raises(TypeError, match="a wide DataFrame"):
        MetricAnalyzer().fit([before.iloc[:, 0]])


def test_columns_of_one_name_are_one_series() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(10, 1, (120, 2))
    values[80:] += 30
    frame = pd.DataFrame(values, columns=pd.MultiIndex.from_tuples([("s", "m")] * 2))
    odd = MetricAnalyzer().fit(frame[:60]).compare(frame[60:])
    assert odd["onset"].tolist() == [80]
    assert MetricAnalyzer().fit(frame[:60]).score_samples(frame).shape == (120, 2)


def test_a_counter_with_labels_is_a_counter() -> None:
    rng = np.random.default_rng(0)
    name = ("api", 'requests_total{path="/",code="200"}')
    frame = pd.DataFrame({name: 1e6 + np.cumsum(np.r_[rng.poisson(50, 120), rng.poisson(400, 60)])})
    odd = MetricAnalyzer().fit(frame[:90]).compare(frame[90:])
    assert (odd["unit"].tolist(), odd["onset"].tolist()) == (["/s"], [120])


def test_a_counter_that_is_asked_for_more_often_than_scraped() -> None:
    """Prometheus repeats the last value: three steps in four nothing seems to come."""
    rng = np.random.default_rng(0)
    total = np.repeat(1e6 + np.cumsum(np.r_[rng.poisson(600, 80), rng.poisson(1500, 40)]), 4).astype("float64")
    at = T0 + pd.to_timedelta(15 * np.arange(480), unit="s")
    frame = pd.DataFrame({("api", "requests_total"): total}, index=at)
    before, after = frame[:240], frame[240:]
    assert MetricAnalyzer().fit(before).compare(after[:80]).empty
    odd = MetricAnalyzer().fit(before).compare(after)
    assert (odd["onset"].tolist(), odd["direction"].tolist()) == ([at[320]], ["up"])
    assert odd["before"][0] == pytest.approx(10, rel=0.05)
    assert odd["after"][0] == pytest.approx(25, rel=0.05)
    still = after.copy()
    still.iloc[80:] = still.iloc[79].to_numpy()
    assert MetricAnalyzer().fit(before).compare(still)["after"].tolist() == [0.0]


def test_a_baseline_of_coarser_samples_knows_as_much_of_finer_ones() -> None:
    rng = np.random.default_rng(4)
    values = HEALTHY["regular jobs"](rng, 60, 1920)
    before, after = frames(values, ["x"] * 60, 960)
    assert MetricAnalyzer().fit(before.iloc[::8]).compare(after).empty


@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcd")), min_size=1, max_size=30),
    st.integers(0, 20),
)
def test_adjusted_p_values_are_no_smaller_and_keep_their_order(found: list[tuple[float, str]], quiet: int) -> None:
    p, families = [x for x, _ in found], [family for _, family in found]
    sizes = {family: families.count(family) + quiet for family in "abcd"}
    q = by_family(p, families, sizes)
    assert (q >= np.array(p) - 1e-12).all()
    assert (q <= 1).all()
    for family in set(families):
        rows = [i for i, name in enumerate(families) if name == family]
        order = sorted(rows, key=lambda i: p[i])
        assert (np.diff(q[order]) >= -1e-12).all()


def test_where_nothing_changed_the_chance_of_a_finding_is_the_rate_asked_for() -> None:
    rng = np.random.default_rng(2)
    loud = 0
    for _ in range(2000):
        p = rng.random(60)
        loud += by_family(p, [str(i // 10) for i in range(60)], {str(i): 10 for i in range(6)}).min() < 0.05
    assert loud / 2000 <= 0.065
