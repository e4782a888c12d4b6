"""The miner on many forms: in any order and any parts the same, and bounded where lines have no end."""

from __future__ import annotations

import pickle
import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.analysis.logs import TemplateMiner
from tests.bench.template_bounds import distinct_lines, words

SMALL: dict[str, Any] = {"max_alike": 3, "max_mined": 40}
PIECES = st.sampled_from("alice bob carol dave erin frank in out left for GET HTTP/1.1 Jun 3 eth0 eth1 /x".split())
LINES = st.one_of(
    st.lists(PIECES, min_size=2, max_size=4).map(" ".join),
    st.tuples(st.text("abcd", min_size=2, max_size=4), st.sampled_from(["left", "came"])).map(" ".join),
)


def parts_of(lines: list[str], rng: random.Random, most: int = 4) -> list[list[str]]:
    cuts = sorted(rng.randrange(len(lines) + 1) for _ in range(rng.randrange(most)))
    return [lines[a:b] for a, b in pairwise([0, *cuts, len(lines)])]


def merged(parts: list[list[str]], rng: random.Random, **bounds: Any) -> TemplateMiner:
    miners = [TemplateMiner(**bounds).fit(part) for part in parts]
    rng.shuffle(miners)
    whole = TemplateMiner(**bounds).fit([])
    for miner in miners:
        whole.merge(miner)
    return whole


def assert_same(one: TemplateMiner, other: TemplateMiner, lines: list[str]) -> None:
    assert one.templates_.equals(other.templates_)
    assert one.other_ == other.other_
    assert (one.transform(lines) == other.transform(lines)).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, min_size=20, max_size=120), st.randoms(use_true_random=False), st.booleans())
def test_what_is_sampled_does_not_depend_on_order_and_parts(texts: list[str], rng: random.Random, roomy: bool) -> None:
    bounds = SMALL if not roomy else SMALL | {"max_mined": 1000}
    whole = TemplateMiner(**bounds)
    ids = whole.fit_transform(texts)
    assert whole.templates_["count"].sum() + whole.other_ == len(texts)
    shuffled = rng.sample(texts, len(texts))
    assert_same(TemplateMiner(**bounds).fit(shuffled), whole, texts)
    assert_same(merged(parts_of(shuffled, rng), rng, **bounds), whole, texts)
    batched = TemplateMiner(**bounds)
    for part in parts_of(shuffled, rng):
        batched.partial_fit(part)
        batched.transform(part[:1])
        if rng.random() < 0.3:
            batched = pickle.loads(pickle.dumps(batched))
    assert_same(batched, whole, texts)
    assert (whole.transform(texts) == ids).all()
    labels, label_of = TemplateMiner(**bounds).learn(texts)
    assert len(label_of) == len(texts) >= len(labels)


def assert_order_does_not_matter(distinct: int) -> None:
    lines = distinct_lines(distinct)
    rng = random.Random(4)
    whole = TemplateMiner().fit(lines)
    assert whole.other_ == 0
    assert whole.templates_["count"].sum() == len(lines)
    assert len(whole.templates_) < distinct / 20
    shuffled = rng.sample(lines, len(lines))
    assert_same(TemplateMiner().fit(shuffled), whole, lines[:1000])
    assert_same(merged(parts_of(shuffled, rng, 9), rng), whole, lines[:1000])


def test_tens_of_thousands_of_forms_in_any_order_and_parts() -> None:
    assert_order_does_not_matter(40_000)


@pytest.mark.slow
def test_a_million_forms_in_any_order_and_parts() -> None:
    assert_order_does_not_matter(1_000_000)


def test_forms_of_many_shapes_share_what_is_mined() -> None:
    rng = random.Random(8)
    marks = [f"{a}{b}" for a in ",;:|" for b in ",;:|"]
    lines = [f"user{mark} {''.join(rng.choices('abcdefgh', k=9))} left" for mark in marks for _ in range(300)]
    miner = TemplateMiner(max_mined=400).fit(lines)
    assert miner.other_ == 0
    assert miner.templates_["count"].tolist() == [300] * len(marks)


def test_a_frequent_form_counts_however_many_others_there_are() -> None:
    """``HTTP/1.1`` belongs to the request: a sample without it would not know."""
    rng = random.Random(8)
    lines = [f'"GET /{i} {"".join(rng.choices("abcdefgh", k=9))}/1.1" 200' for i in range(2000)]
    miner = TemplateMiner(max_alike=50).fit([*lines, *['"GET /x HTTP/1.1" 200'] * 9])
    assert miner.templates_["template"].tolist() == ['"GET <*>" <*>']


def noise(batch: int, lines: int = 2_000) -> list[str]:
    return words(np.random.default_rng(batch), lines, 4)


@pytest.mark.parametrize("method", ["partial_fit", "learn"])
def test_lines_without_end_need_no_memory_without_end(method: str) -> None:
    miner = TemplateMiner(max_distinct=3_000, max_mined=500)
    sizes = []
    for batch in range(12):
        late = ["the disk is full now"] * 5 if batch >= 8 else []
        getattr(miner, method)(["took 3 ms"] * 10 + noise(batch) + [f"took {batch} ms"] * 10 + late)
        sizes.append(len(pickle.dumps(miner)))
    assert max(sizes[6:]) < 1.2 * max(sizes[:6])
    counts = miner.templates_.set_index("template")["count"]
    assert len(counts) <= 500
    assert counts["took <*> ms"] == 12 * 20
    assert counts["the disk is full now"] == 4 * 5
    assert counts.sum() + miner.other_ == 12 * 2_020 + 4 * 5
    assert miner.other_ > 12 * 2_000 - 3_000


def test_above_the_bound_no_line_is_lost_in_a_merge_and_words_that_vary_need_no_room() -> None:
    def lines(start: int) -> list[str]:
        return [f"user {word} left" for word in words(np.random.default_rng(start), 900, 1)] + noise(start, 900)

    bounds = {"max_distinct": 1_000, "max_mined": 300}
    parts = [TemplateMiner(**bounds).fit(lines(start)) for start in range(5)]
    whole = TemplateMiner(**bounds)
    for part in parts:
        handed_out = part.templates_.index[0]
        whole.fit([]) if not hasattr(whole, "_library") else whole
        whole.merge(part)
        assert whole.resolve([handed_out]) == [whole.templates_.index[0]]
    counts = whole.templates_.set_index("template")["count"]
    assert counts["user <*> left"] == 5 * 900
    assert counts.sum() + whole.other_ == 5 * 1_800
    again = TemplateMiner(**bounds).fit([])
    for part in parts:
        again.merge(part)
    assert_same(again, whole, noise(0)[:50])


def test_a_form_needs_little_more_than_its_line() -> None:
    lines = [f"user {word} has left the room" for word in words(np.random.default_rng(5), 20_000, 1)]
    miner = TemplateMiner()
    assert len(set(miner.fit_transform(lines))) == 1
    size = len(pickle.dumps(miner))
    assert size < sum(map(len, lines)) + 100 * len(lines) + 50_000
    miner.partial_fit(lines)
    assert len(pickle.dumps(miner)) < size + 1_000
    assert miner.templates_["count"].tolist() == [2 * len(lines)]


def test_labels_stay_few_and_right_where_words_vary_without_end() -> None:
    miner = TemplateMiner()
    labels: set[int | str] = set()
    said = []
    for batch in range(6):
        some = words(np.random.default_rng(batch), 5_000, 1)
        lines = [f"user {word} left" for word in some] + [f"host {word} is down" for word in some] + ["disk full"]
        found, label_of = miner.learn(lines)
        labels.update(found)
        said.append((lines, [found[i] for i in label_of.tolist()]))
    assert len(labels) < 12_000
    for lines, of_line in said:
        assert miner.resolve(of_line) == miner.transform(lines).tolist()


@pytest.mark.parametrize("limit", [20, 1_200, 2_000])
def test_long_lines_are_read_from_the_bank_as_they_came(limit: int) -> None:
    rng = random.Random(limit)
    alien = TemplateMiner(max_length=limit).fit(["zap"])
    for _ in range(300):
        size = rng.choice([limit, 1_200]) - rng.randrange(6)
        tail = "".join(rng.choices(["a", "é", " ", "\t", "7", "."], k=rng.randrange(9)))
        line = (rng.choice("bcd ") * size)[:size] + tail + " " * rng.choice([0, 2_000]) + rng.choice(["", "end"])
        miner = TemplateMiner(max_length=limit).fit([line])
        assert miner.transform([line]).tolist() == miner.templates_.index.tolist() == alien.transform([line]).tolist()
        longer = [line + "  ", line]
        assert miner.fit(longer).templates_["example"].tolist() == [line[:300]]
        assert miner.fit(longer[:1]).partial_fit(longer[1:]).templates_["example"].tolist() == [line[:300]]
