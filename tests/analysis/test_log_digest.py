"""What is kept of a log: bounded, and the same whatever way the lines came."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from faultmaven_lib.analysis.logs import Digest, LogAnalyzer, TemplateMiner, digest, digest_files, mine_files
from faultmaven_lib.analysis.logs.samples import Sample
from faultmaven_lib.analysis.logs.ticks import Ticks
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Window
from tests.analysis.conftest import make_logs
from tests.bench.template_bounds import words

T0 = pd.Timestamp("2026-03-01T14:00Z")


def in_parts(frame: pd.DataFrame, size: int) -> list[pd.DataFrame]:
    return [frame.iloc[start : start + size] for start in range(0, len(frame), size)]


def shown(found: Digest) -> dict[str, object]:
    """All that a comparison reads, by the names of things."""
    names = list(found.strains)
    ids = dict(zip(names, found.miner.resolve(label for *_, label in names), strict=True))
    strains_of: dict[tuple[str, str], list[int]] = {}
    for name, strain in found.strains.items():
        strains_of.setdefault((name[0], ids[name]), []).append(strain)
    events = found.counts.events()
    values = {
        (key, value): [part.tolist() for part in found.values.events().of(number)]
        for key, numbers in found.fields.items()
        for value, number in (numbers or {}).items()
    }
    kept = {group: found.messages.of(np.array(strains), by="at ") for group, strains in strains_of.items()}
    return {
        "lines": found.lines,
        "ids": ids,
        "templates": found.miner.templates_.to_dict(),
        "counts": sorted(((names[r], at, n) for r, at, n in zip(*(e.tolist() for e in events), strict=True)), key=str),
        "examples": {names[number]: example for number, example in found.examples.items()},
        "values": values,
        "many": sorted(key for key, numbers in found.fields.items() if numbers is None),
        "kept": {group: lines["message"].tolist() for group, lines in kept.items() if len(lines)},
        "bounds": found.bounds,
    }


@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_parts_in_any_order_merge_into_the_digest_of_the_whole(data) -> None:
    frame = make_logs(3, fault=90)
    frame = frame[~frame.index.duplicated()]  # of lines of one moment, the first in reading is the example
    whole = shown(Digest().update(frame))
    parts = in_parts(frame, data.draw(st.integers(50, 700)))
    parts = [parts[i] for i in data.draw(st.permutations(range(len(parts))))]
    cut = data.draw(st.integers(0, len(parts)))
    one, other = Digest(), Digest()
    for part in parts[:cut]:
        one.update(part)
    for part in parts[cut:]:
        other.update(part)
    before = shown(other)
    assert shown(one.merge(other)) == whole
    assert shown(other) == before


def test_words_without_end_need_no_strains_without_end() -> None:
    rng = np.random.default_rng(3)
    services = [f"s{i}" for i in range(8)]
    frames = []
    for start in range(0, 12_000, 3_000):
        said = words(rng, 3_000, 1)
        frames += [
            pd.DataFrame(
                {"service": service, "message": [f"user {word} left" for word in said] + ["disk full"] * 9},
                index=pd.date_range(T0 + pd.Timedelta(start, "s"), periods=3_009, freq="s"),
            )
            for service in services
        ]
    whole = Digest()
    for frame in frames:
        whole.update(frame)
    merged = Digest()
    for frame in reversed(frames):
        merged.merge(Digest().update(frame))
    for found in (whole, merged):
        assert len(found.strains) <= 50_000
        ids = found.miner.resolve(label for *_, label in found.strains)
        texts = found.miner.templates_["template"]
        keys = [(service, texts[name]) for (service, *_), name in zip(found.strains, ids, strict=True)]
        events = found.counts.events()
        sums = Counter[tuple[str, str]]()
        for row, count in zip(events.rows.tolist(), events.counts.tolist(), strict=True):
            sums[keys[row]] += count
        assert sums == {
            (service, text): count
            for service in services
            for text, count in (("user <*> left", 12_000), ("disk full", 36))
        }
        groups = np.flatnonzero([texts[i] == "user <*> left" for i in ids])
        assert len(found.messages.of(groups, by="at ")) > 500
    assert whole.miner.templates_.equals(merged.miner.templates_)


def test_a_stream_of_frames_gives_the_findings_of_the_whole(logs) -> None:
    before, after = logs(1), logs(2, start=180, length=150, fault=60)
    whole = LogAnalyzer().fit(before).compare(after)
    streamed = LogAnalyzer().fit(iter(in_parts(before, 97))).compare(iter(in_parts(after, 101)))
    columns = [c for c in whole.columns if c not in ("evidence", "operation")]
    pd.testing.assert_frame_equal(streamed[columns], whole[columns])
    analyzer = LogAnalyzer().fit(Digest().update(before))
    for _ in range(2):  # comparing changes nothing
        pd.testing.assert_frame_equal(analyzer.compare(after)[columns], whole[columns])


def test_both_windows_are_taken_in_one_reading(logs) -> None:
    log = pd.concat([logs(1), logs(2, start=180, length=150, fault=60)])
    calm = Window(start=T0, end=T0 + pd.Timedelta("3min"))
    storm = Window(start=T0 + pd.Timedelta("3min"), end=T0 + pd.Timedelta("330s"))
    read: list[int] = []

    def frames():
        for part in in_parts(log, 200):
            read.append(len(part))
            yield part

    before, after = digest(frames(), [calm, storm])
    assert sum(read) == len(log) == before.lines + after.lines
    odd = LogAnalyzer().fit(before).compare(after)
    whole = (
        LogAnalyzer().fit(log[: storm.start], baseline_window=calm).compare(log[storm.start :], incident_window=storm)
    )
    assert odd["sentence"].tolist() == whole["sentence"].tolist()
    assert str(calm) in odd["operation"][0]


def test_times_and_numbers_do_not_mix(logs) -> None:
    numbers = pd.DataFrame({"message": ["x"]}, index=[1.0])
    with pytest.raises(ValueError, match="times as their index, others numbers"):
        Digest().update(logs(1)).update(numbers)


class Unmixed(random.Random):
    """Leaves the order as it is."""

    def sample(self, population, k, **_):
        return list(population)[:k]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 10**15)), max_size=60),
    st.integers(1, 30),
    st.randoms(use_true_random=False),
)
@example([(0, 0), (0, 2**20), (0, 0), (0, 1)], 1, Unmixed())
def test_ticks_lose_no_event_and_no_order_matters(events, limit, random) -> None:
    def counted(pairs: list[tuple[int, int]], size: int) -> Ticks:
        ticks = Ticks(limit)
        for start in range(0, len(pairs), size):
            rows, at = np.array(pairs[start : start + size], np.int64).T
            ticks.add(rows, at)
        return ticks

    one = counted(events, 7)
    mixed = random.sample(events, len(events))
    parts = counted(mixed[: len(mixed) // 2], 3)
    parts.merge(counted(mixed[len(mixed) // 2 :], 11), np.arange(6))
    a, b = one.events(), parts.events()
    assert one.width == parts.width
    assert [x.tolist() for x in a] == [x.tolist() for x in b]
    assert len(a.rows) <= max(limit, 6)
    assert a.counts.sum() == len(events)
    for row in range(6):
        at, counts = a.of(row)
        exact = sorted(t - (t % one.width if one.width else 0) for r, t in events if r == row)
        assert np.repeat(at, counts).tolist() == exact


def test_what_is_forgotten_is_gone() -> None:
    ticks = Ticks()
    ticks.add(np.array([0, 1, 1]), np.array([5, 6, 7]))
    ticks.forget([1])
    assert ticks.events().rows.tolist() == [0]


def draw(sample: Sample, rows: pd.DataFrame, lots: np.ndarray) -> None:
    groups = rows["group"].to_numpy()
    chosen = sample.wanted(groups, lots)
    sample.add(groups[chosen], lots[chosen], rows.iloc[chosen])


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 40), st.integers(20, 300), st.randoms(use_true_random=False))
def test_a_sample_is_that_of_its_parts(n, each, total, random) -> None:
    rng = np.random.default_rng(n)
    rows = pd.DataFrame({"at": np.arange(n), "group": rng.integers(0, 4, n)})
    drawn = rng.integers(0, 2**63, n).astype(np.uint64)

    def sampled(order: list[int], size: int) -> Sample:
        sample = Sample(each, total)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            draw(sample, rows.iloc[chosen], drawn[chosen])
        return sample

    whole = sampled(list(range(n)), 1000)
    order = random.sample(range(n), n)
    parts = sampled(order[: n // 3], 5)
    parts.merge(sampled(order[n // 3 :], 17), np.arange(4))
    for groups in ([0], [1, 2], [0, 1, 2, 3]):
        a, b = (s.of(np.array(groups), by="at")["at"].tolist() for s in (whole, parts))
        assert a == b
        assert set(rows["group"].iloc[a]) <= set(groups)
        assert len(a) <= each
        if n <= total and rows["group"].isin(groups).sum() <= each:
            assert len(a) == rows["group"].isin(groups).sum()


def test_groups_of_a_sample_count_as_much_as_they_have_lines() -> None:
    sample = Sample(each=500, total=10_000)
    rng = np.random.default_rng(7)
    for group, lines in ((0, 90_000), (1, 10_000)):
        rows = pd.DataFrame({"at": np.arange(lines), "group": group})
        draw(sample, rows, rng.integers(0, 2**63, lines).astype(np.uint64))
    found = sample.of(np.array([0, 1]), by="at")
    assert len(found) >= 400
    assert 0.06 < (found["group"] == 1).mean() < 0.14


@pytest.fixture
def log_files(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(11)
    paths = []
    for number in range(4):
        lines = [
            f"2026-03-01T14:{i // 60 % 60:02d}:{i % 60:02d}Z INFO api: served {rng.integers(1e6)} to user{number} in "
            f"{rng.integers(90)} ms"
            for i in range(1500)
        ]
        if number == 3:
            lines += [f"2026-03-01T14:{40 + i // 60}:{i % 60:02d}Z ERROR api: pool exhausted" for i in range(200)]
        path = tmp_path / f"app-{number}.log.gz"
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
        paths.append(path)
    return paths


@pytest.mark.slow
def test_many_files_over_several_processes_give_what_one_process_gives(log_files, capsys) -> None:
    alone = digest_files(log_files, workers=0, progress=False)[0]
    shared = digest_files(log_files, workers=2)[0]
    few = digest_files(log_files, workers=8, progress=False)[0]  # more processes than files: parsed in parts
    assert shown(shared) == shown(alone) == shown(few)
    assert "4/4" in capsys.readouterr().err
    miner = mine_files(str(log_files[0].parent / "*.gz"), workers=2, progress=False)
    assert isinstance(miner, TemplateMiner)
    assert miner.templates_.to_dict() == alone.miner.templates_.to_dict()
    windows = [Window(start=T0, end=T0 + pd.Timedelta("30min")), Window(start=T0, end=T0 + pd.Timedelta("1h"))]
    windows[1] = Window(start=windows[0].end, end=windows[1].end)
    before, after = digest_files(log_files, windows, query="pool", workers=2, progress=False)
    assert (before.lines, after.lines) == (0, 200)


@pytest.mark.slow
def test_a_file_that_is_broken_is_noted_and_one_that_is_not_there_is_an_error(log_files, tmp_path) -> None:
    bad = tmp_path / "bad.log.gz"
    bad.write_bytes(b"\x1f\x8b broken")
    found = digest_files([*log_files, bad], workers=2, progress=False)[0]
    assert found.lines == 4 * 1500 + 200
    assert any("bad.log.gz" in note for note in found.notes)
    with pytest.raises(SourceError, match="none"):
        digest_files(tmp_path / "none.log", workers=0, progress=False)
