"""Walking through JSON in pieces gives what decoding at once gives, and no damage a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Source
from faultmaven_lib.sources import connect
from faultmaven_lib.sources.traces import CORE
from faultmaven_lib.sources.traces.walking import END, Walker

from ..tracing import START, Shop, attribute

BEGAN = int(START.timestamp() * 1e9)


def request(*spans: dict[str, Any], service: str = "web") -> dict[str, Any]:
    resource = {"attributes": [attribute("service.name", service)]} if service else {}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def span(**fields: Any) -> dict[str, Any]:
    plain = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "GET /"}
    times = {"startTimeUnixNano": str(BEGAN), "endTimeUnixNano": str(BEGAN + 25_000_000)}
    return {k: v for k, v in (plain | times | fields).items() if v is not None}


def read(path: Path, content: Any) -> tuple[pd.DataFrame, Source]:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    source = connect(path, kind="traces")
    return source.query(), source


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Shop(1).run(0, 60).write(tmp_path / "spans.otlp.json")


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


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 100_000), st.binary(max_size=30))
def test_no_damage_makes_a_traceback(tmp_path: Path, place: int, rubbish: bytes) -> None:
    text = json.dumps(
        request(span(), span(spanId="ab", attributes=[attribute("http.route", "/cart")])), indent=1
    ).encode()
    place %= len(text)
    path = tmp_path / "s.json"
    path.write_bytes(text[:place] + rubbish + text[place + len(rubbish) // 2 :])
    source = connect(path, kind="traces")
    try:
        spans = source.query()
    except SourceError:
        return
    assert list(spans.columns[: len(CORE)]) == list(CORE)
    assert np.isfinite(spans["duration"].dropna()).all()
    assert source.report.lines == source.report.records + source.report.files[0].skipped
