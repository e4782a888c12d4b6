"""The miner: templates from lines, in any order and in any parts, within bounds, and every value back out."""

from __future__ import annotations

import pickle
import random
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.logs import TemplateMiner

NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"]
VERBS = ["opened", "closed"]

WORDS = st.sampled_from([
    *"user root took ms from port ssh2 eth0 eth1 disk full Jun Mon PDT a.b.c.d db.example.org blk_17 blk_-4".split(),
    *'x=1 y= z=bob level=error k="a" 12 -7 0x1f 10.0.0.1 10.0.0.1:80 12:00:01 2026-03-01 1,2 () [] {}'.split(),
    *'/var/log GET HTTP/1.1 true null <*> < * > . ... end. a:b:1 :: ff:0a:1e \0 é \x1f ? & = "'.split(" "),
    *["http://h:1/x?a=b"],
    *["(a b)", '"a b"', "  ", "\t", "ok!", "v1.2.3", "R1-M2", "core.7", "deadbeef", "Error: x", "com.a.b.C"],
])  # fmt: skip
LINES = st.one_of(
    st.text(max_size=60),
    st.lists(WORDS, max_size=9).map(" ".join),
    st.lists(WORDS, max_size=9).map("".join),
    st.tuples(st.sampled_from(["user", "host"]), st.sampled_from(NAMES), st.integers(0, 99)).map(
        lambda t: f"{t[0]} {t[1]} left after {t[2]} s"
    ),
)


def lines() -> list[str]:
    rng = random.Random(7)
    out = []
    for _ in range(400):
        out.append(f"user {rng.choice(NAMES)} {rng.choice(VERBS)} session {rng.randrange(10**6)}")
        out.append(f"connect to {rng.choice('abcdefghij')}{rng.choice('klmnopqrst')}.example.org refused")
        out.append(f"took {rng.random():.3f} s for 10.0.{rng.randrange(255)}.{rng.randrange(255)}:8080")
    out.append("disk full")
    return out


def rebuilt(template: str, values: tuple[str, ...]) -> str:
    pieces = template.split("<*>")
    return pieces[0] + "".join(v + p for v, p in zip(values, pieces[1:], strict=True))


def spaced(text: str) -> str:
    """A line as the docstring says it comes back: white space runs as one space, none at the ends."""
    for space in "\t\n\v\f\r":
        text = text.replace(space, " ")
    return " ".join(part for part in text.encode("utf-8", "replace").decode().split(" ") if part)


def test_words_and_numbers_that_vary_become_places() -> None:
    miner = TemplateMiner().fit(lines())
    assert dict(miner.templates_.set_index("template")["count"].items()) == {
        "user <*> opened session <*>": sum("opened" in x for x in lines()),
        "user <*> closed session <*>": sum("closed" in x for x in lines()),
        "connect to <*> refused": 400,
        "took <*> s for <*>": 400,
        "disk full": 1,
    }


def test_unrelated_lines_of_one_shape_stay_apart() -> None:
    once = ["session opened", "check pass", "disk full", "out of", "user unknown", "link down", "cache cold"]
    assert sorted(TemplateMiner().fit(once).templates_["template"]) == sorted(once)


def test_order_and_batches_do_not_matter() -> None:
    whole = TemplateMiner().fit(lines())
    shuffled = lines()
    random.Random(1).shuffle(shuffled)
    batched = TemplateMiner()
    for i in range(0, len(shuffled), 97):
        batched.partial_fit(shuffled[i : i + 97])
    assert batched.templates_.equals(whole.templates_)
    assert (batched.transform(lines()) == whole.transform(lines())).all()


def test_an_id_that_was_handed_out_stays_resolvable() -> None:
    miner = TemplateMiner()
    old = miner.partial_fit(["user alice left"]).transform(["user alice left"])[0]
    miner.partial_fit([f"user {name} left" for name in NAMES])
    new = miner.transform(["user alice left"])[0]
    assert new != old
    assert miner.aliases_[old] == new
    assert miner.templates_.loc[new, "template"] == "user <*> left"
    assert miner.templates_["count"].sum() == 1 + len(NAMES)


def test_a_line_never_seen_gets_the_template_it_fits() -> None:
    miner = TemplateMiner().fit(lines())
    seen, unseen, alien = miner.transform(["user bob opened session 1", "user zoe opened session 2", "zap"])
    assert seen == unseen
    assert alien not in miner.templates_.index


def test_a_number_that_never_differs_belongs_to_the_name() -> None:
    miner = TemplateMiner().fit([f"port {i} ssh2" for i in range(9)])
    assert miner.templates_["template"].tolist() == ["port <*> ssh2"]
    same, other = miner.transform(["port 77 ssh2", "port 77 ssh3"])
    assert same == miner.templates_.index[0] != other
    assert miner.parameters(["port 77 ssh3"]) == [("77",)]
    assert miner.partial_fit(["port 1 ssh3"]).templates_["template"].tolist() == ["port <*> ssh<*>"]
    assert miner.parameters(["port 77 ssh3"]) == [("77", "3")]


@pytest.mark.parametrize("seed", range(4))
def test_merging_parts_is_fitting_the_whole(seed: int) -> None:
    rng = random.Random(seed)
    every = lines()
    rng.shuffle(every)
    cuts = [0, *sorted(rng.sample(range(len(every)), 3)), len(every)]
    parts = [TemplateMiner().fit(every[a:b]) for a, b in pairwise(cuts)]
    handed_out = [part.transform(every[:50]) for part in parts]
    rng.shuffle(parts)
    merged = TemplateMiner().fit([])
    for part in parts:
        before = part.templates_.copy()
        merged.merge(part)
        assert part.templates_.equals(before)
    whole = TemplateMiner().fit(every)
    assert merged.templates_.equals(whole.templates_)
    assert (merged.transform(every) == whole.transform(every)).all()
    known = {i for part in parts for i in part.templates_.index}
    assert all(merged.aliases_.get(i, i) in merged.templates_.index for i in known)
    assert handed_out


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=25), st.randoms(use_true_random=False), st.integers(0, 25))
def test_order_parts_and_batches_do_not_matter(texts: list[str], rng: random.Random, cut: int) -> None:
    whole = TemplateMiner().fit(texts)
    shuffled = list(texts)
    rng.shuffle(shuffled)
    assert TemplateMiner().fit(shuffled).templates_.equals(whole.templates_)
    batched = TemplateMiner().partial_fit(texts[:cut])
    first = batched.transform(texts[:cut])
    batched.partial_fit(texts[cut:])
    assert batched.templates_.equals(whole.templates_)
    merged = TemplateMiner().fit(texts[:cut]).merge(TemplateMiner().fit(texts[cut:]))
    assert merged.templates_.equals(whole.templates_)
    assert all(batched.aliases_.get(i, i) in batched.templates_.index for i in first)
    assert (TemplateMiner().fit_transform(texts) == whole.transform(texts)).all()


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=25), st.lists(LINES, max_size=5))
@example([" :"], [])
@example(["<0", "<*>", "<email:90e8662476>"], ["<1"])
def test_values_put_back_into_templates_give_the_lines(texts: list[str], unseen: list[str]) -> None:
    miner = TemplateMiner()
    ids = miner.fit_transform(texts)
    assert miner.templates_["count"].sum() == len(texts)
    templates = miner.templates_["template"]
    for text, template_id, values in zip(texts, ids, miner.parameters(texts), strict=True):
        assert rebuilt(templates[template_id], values) == spaced(text)
    for text, template_id, values in zip(unseen, miner.transform(unseen), miner.parameters(unseen), strict=True):
        if template_id in templates:
            assert rebuilt(templates[template_id], values) == spaced(text)


def test_memory_is_bounded_and_the_rest_is_counted() -> None:
    rng = random.Random(3)
    miner = TemplateMiner(max_distinct=50)
    noise = ["".join(rng.choice("abcdefgh ") for _ in range(20)) for _ in range(500)]
    miner.fit(["took 3 ms"] * 10 + noise + ["took 4 ms"] * 10)
    assert miner.other_ > 0
    assert miner.templates_["count"].sum() + miner.other_ == 520
    assert miner.templates_.set_index("template").loc["took <*> ms", "count"] == 20
    for _ in range(3):
        miner.partial_fit(noise)
    assert miner.templates_["count"].sum() + miner.other_ == 2020
    miner.merge(TemplateMiner().fit([f"{word} {word}" for word in noise]))
    assert miner.templates_["count"].sum() + miner.other_ == 2520
    assert len(miner.templates_) <= 50


def test_a_variable_of_many_words_is_one_template() -> None:
    rng = random.Random(5)
    words = ["".join(rng.choice("abcdefghijklmnop") for _ in range(9)) for _ in range(5_000)]
    miner = TemplateMiner(max_alike=100)
    ids = miner.fit_transform([f"user {word} has left the room {i}" for i, word in enumerate(words)])
    assert len(set(ids)) == 1
    assert miner.templates_["template"].tolist() == ["user <*> has left the room <*>"]
    assert miner.templates_["count"].tolist() == [5_000]
    assert miner.other_ == 0
    miner.partial_fit([f"user {word[::-1]} has left the room 5" for word in words])
    assert miner.templates_["count"].tolist() == [10_000]


def test_many_messages_of_one_shape_find_room() -> None:
    rng = random.Random(9)
    words = ["".join(rng.choice("abcdefghijklmnop") for _ in range(7)) for _ in range(4_000)]
    pairs = [f"{a} {b}" for a, b in zip(words[::2], words[1::2], strict=True)]
    miner = TemplateMiner(max_alike=20)
    ids = miner.fit_transform(pairs * 2)
    assert miner.other_ == 0
    assert len(set(ids)) == len(miner.templates_) == len(pairs)
    full = TemplateMiner(max_distinct=10, max_alike=5).fit(["user bob left 1", *pairs[:9]])
    assert full.other_ == 0
    assert full.partial_fit(["user bob left 2"] * 7).templates_["count"].max() == 8
    full.partial_fit(pairs[20:23])  # the least frequent make room
    assert full.templates_["count"].sum() + full.other_ == 20
    assert full.templates_["count"].max() == 8
    assert full.other_ <= 5


def test_lines_never_seen_are_read_once_for_each_form() -> None:
    miner = TemplateMiner().fit(["disk full"])
    began = time.process_time()
    ids = miner.transform([f"who has ever seen line {i}" for i in range(100_000)] + ["port eth0", "port eth1"])
    assert time.process_time() - began < 2
    assert len(set(ids)) == 3


def test_beyond_the_bound_a_date_and_one_with_other_letters_are_one_template() -> None:
    """The same values, known by their letters in some lines and not in others."""
    rng = random.Random(2)
    months = ["Jun", "Jul", "Aug", "juin", "juil", "okt", "maj", "giu", "lug", "ago"]
    miner = TemplateMiner().fit(
        [f"saved at {rng.choice(months)} {d} 12:00:{s:02}" for d in range(1, 29) for s in range(60)]
    )
    assert miner.templates_["template"].tolist() == ["saved at <*>"]
    assert miner.parameters(["saved at okt 7 12:00:01"]) == [("okt 7 12:00:01",)]


def test_follows_the_contract_of_scikit_learn() -> None:
    miner = TemplateMiner(max_length=100)
    assert clone(miner).get_params() == miner.get_params()
    assert miner.get_params()["max_length"] == 100
    assert miner.fit([]) is miner
    assert len(miner.templates_) == 0
    with pytest.raises(NotFittedError, match="fit"):
        TemplateMiner().transform(["x"])
    with pytest.raises(NotFittedError, match="fit"):
        TemplateMiner().merge(miner)
    again = pickle.loads(pickle.dumps(TemplateMiner().fit(lines())))
    assert again.templates_.equals(TemplateMiner().fit(lines()).templates_)


def test_fit_forgets_what_was_learnt_before() -> None:
    miner = TemplateMiner(max_distinct=1).fit(["a b", "c d", "a b"])
    assert miner.fit(["x y"]).templates_["template"].tolist() == ["x y"]
    assert miner.other_ == 0


@pytest.mark.parametrize(
    "make",
    [
        pd.Series,
        lambda x: pd.Series(x, index=pd.RangeIndex(3, 3 + len(x))),
        lambda x: pd.Series(["", *x])[1:],
        lambda x: pd.Series(x, dtype="category").astype(str),
        lambda x: pd.Series(x, dtype=object),
        pa.array,
        lambda x: pa.array(x, pa.large_string()),
        lambda x: pa.chunked_array([x[:2], x[2:]]),
        lambda x: np.array(x, dtype=object),
        iter,
        tuple,
    ],
)
def test_lines_come_in_many_containers(make) -> None:
    texts = ["took 12 ms", "took 7 ms", "", "é 3"]
    assert TemplateMiner().fit_transform(make(texts)).tolist() == TemplateMiner().fit_transform(texts).tolist()


def test_what_is_missing_counts_as_empty() -> None:
    assert TemplateMiner().fit(["a", None, float("nan")]).templates_.set_index("template")["count"][""] == 2
    with pytest.raises((TypeError, pa.ArrowInvalid)):
        TemplateMiner().fit([1, 2])


@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "1",
        "a1",
        " \t",
        "Jan 1 ",
        "<*>",
        "a:",
        "1:",
        "0,",
        "(",
        '="',
        "1 ",
        "a.",
        "./",
        "\0",
        "é",
        "= ",
        "x?1&",
        "-_1",
    ],
)
def test_hostile_lines_cost_no_more_than_their_length(unit: str) -> None:
    hostile = unit * (1_000_000 // len(unit))
    TemplateMiner().fit_transform(["warm up 1"])
    began = time.process_time()
    miner = TemplateMiner()
    miner.fit_transform([hostile] * 3)
    values = miner.parameters([hostile])[0]
    assert time.process_time() - began < 2
    assert miner.templates_["count"].sum() == 3
    assert len(miner.templates_["example"].iloc[0]) <= 300
    assert rebuilt(miner.templates_["template"].iloc[0], values) == spaced(hostile)


def test_what_no_utf8_can_say_is_a_question_mark() -> None:
    miner = TemplateMiner()
    miner.fit_transform(["half a pair \ud800 1", "half a pair \ud800 2"])
    assert miner.templates_["template"].tolist() == ["half a pair ? <*>"]
