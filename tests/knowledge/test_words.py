from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.knowledge.words import spelt, stem, term_id, terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("deadlocks", "deadlock"),
        ("retries", "retrying"),
        ("cached", "caches"),
        ("cache", "caching"),
        ("expired", "expires"),
        ("queries", "query"),
        ("connections", "connection"),
        ("restarted", "restarting"),
        ("KubePodCrashLooping", "kube pod crash loops"),
        ("container_memory_bytes", "Container memory byte"),
    ],
)
def test_forms_of_one_word_meet(one: str, other: str) -> None:
    assert terms(one) == terms(other)


@pytest.mark.parametrize(("one", "other"), [("pass", "pas"), ("status", "stat"), ("40P01", "40P02"), ("dns", "dn")])
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_common_words_and_blobs_go() -> None:
    assert terms("why is the " + "f" * 64) == []


@given(st.text(max_size=200))
def test_any_text_has_terms_that_are_stable(text: str) -> None:
    found = terms(text)
    assert found == terms(text)
    assert [term for term, _ in spelt(text)] == found
    assert all(0 <= term_id(term) < 2**32 for term in found)


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_a_stem_is_never_empty_nor_longer(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word)
