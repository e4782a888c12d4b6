"""The miner: templates from lines, in any order, within bounds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.logs import TemplateMiner

NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"]
VERBS = ["opened", "closed"]


def lines() -> list[str]:
    rng = random.Random(7)
    out = []
    for _ in range(400):
        out.append(f"user {rng.choice(NAMES)} {rng.choice(VERBS)} session {rng.randrange(10**6)}")
        out.append(f"connect to {rng.choice('abcdefghij')}{rng.choice('klmnopqrst')}.example.org refused")
        out.append(f"took {rng.random():.3f} s for 10.0.{rng.randrange(255)}.{rng.randrange(255)}:8080")
    out.append("disk full")
    return out


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


def test_memory_is_bounded_and_the_rest_is_counted() -> None:
    rng = random.Random(3)
    miner = TemplateMiner(max_distinct=50)
    noise = ["".join(rng.choice("abcdefgh ") for _ in range(20)) for _ in range(500)]
    miner.fit(["took 3 ms"] * 10 + noise + ["took 4 ms"] * 10)
    assert miner.other_ > 0
    assert miner.templates_["count"].sum() + miner.other_ == 520
    assert miner.templates_.set_index("template").loc["took <*> ms", "count"] == 20


def test_follows_the_contract_of_scikit_learn() -> None:
    miner = TemplateMiner(max_length=100)
    assert clone(miner).get_params() == miner.get_params() == {"max_distinct": 200_000, "max_length": 100}
    assert miner.fit([]) is miner
    assert len(miner.templates_) == 0
    with pytest.raises(NotFittedError, match="fit"):
        TemplateMiner().transform(["x"])


def test_fit_forgets_what_was_learnt_before() -> None:
    miner = TemplateMiner(max_distinct=1).fit(["a b", "c d", "a b"])
    assert miner.fit(["x y"]).templates_["template"].tolist() == ["x y"]
    assert miner.other_ == 0


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=30))
def test_values_put_back_into_templates_give_the_lines(texts: list[str]) -> None:
    miner = TemplateMiner()
    ids = miner.fit_transform(texts)
    assert miner.templates_["count"].sum() == len(texts)
    for text, template_id, values in zip(texts, ids, miner.parameters(texts), strict=True):
        template = miner.templates_["template"][template_id]
        plain = " ".join(text.replace("\0", "\ufffd").split())
        if "<*>" in plain:
            continue
        pieces = template.split("<*>")
        rebuilt = pieces[0] + "".join(v + p for v, p in zip(values, pieces[1:], strict=True))
        assert rebuilt == plain


@pytest.mark.parametrize(
    "hostile", ["x" * 100_000, "1" * 100_000, "a1" * 50_000, " \t" * 50_000, "Jan 1 " * 9_000, "<*>" * 999]
)
def test_hostile_lines_cost_no_more_than_their_length(hostile: str) -> None:
    miner = TemplateMiner().fit([hostile] * 3)
    assert miner.templates_["count"].sum() == 3
    assert len(miner.templates_["example"].iloc[0]) <= 300
