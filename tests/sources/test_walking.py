"""Walking through JSON documents piece by piece comes to the same as decoding them at once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultmaven_lib.sources.traces.walking import END, Walker

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(DOCUMENTS.filter(lambda d: isinstance(d, dict | list)), min_size=1, max_size=3),
    st.integers(1, 40),
    st.booleans(),
)
def test_walking_in_pieces_is_decoding_at_once(documents: list[Any], size: int, pretty: bool) -> None:
    text = "\n".join(json.dumps(d, indent=2 if pretty else None, ensure_ascii=False) for d in documents).encode()
    walker = Walker([text[i : i + size] for i in range(0, len(text), size)], {()})
    rebuilt: list[Any] = []
    leaves: list[tuple[tuple[str, ...], Any]] = []
    for path, value in walker:
        if value is not END:
            leaves.append((path, value))
        elif path == ():
            in_list = not leaves or leaves[0][0] == ("[]",)
            rebuilt.append([v for _, v in leaves] if in_list else {p[0]: v for p, v in leaves})
            leaves = []
    expected = [d or [] for d in documents]
    assert rebuilt == expected
    assert (walker.broken, walker.cut) == (0, False)


def test_what_is_broken_is_left_out_up_to_the_next_document() -> None:
    walker = Walker([b'{"a": 1}\n{"a": 2, "b" 3}\n{"a": 4', b'5}\nrubbish\n{"a": 6}\n{"a": "7'], {()})
    assert [value for path, value in walker if path == ("a",)] == [1, 2, 45, 6]
    assert (walker.broken, walker.cut) == (2, True)


def test_a_value_without_end_is_given_up() -> None:
    endless = (b'{"a": "' if n == 0 else b"x" * 1000 for n in range(100_000))
    walker = Walker(endless, {()}, bound=50_000)
    assert list(walker) == []
    assert walker.broken == 1


def test_brackets_without_end_do_no_harm() -> None:
    assert list(Walker([b'{"a": ' + b"[" * 200_000], {()})) == []
