"""Spans out of what OpenTelemetry, Jaeger and Zipkin write: whole, broken, and hostile."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.fingerprint import fingerprint, normalised
from faultmaven_lib.model import Source, Window
from faultmaven_lib.sources import connect
from faultmaven_lib.sources.traces import CORE

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


# ---- forms


def test_a_document_of_otlp_is_told_and_read(shop: Path) -> None:
    source = connect(shop)
    assert source.kind == "traces"
    assert isinstance(source, Source)
    spans = source.query()
    assert list(spans.columns[: len(CORE)]) == list(CORE)
    assert spans.index.name == "time"
    assert spans.index.is_monotonic_increasing
    assert (spans.index == pd.DatetimeIndex(spans["start"])).all()
    assert str(spans.index.dtype) == "datetime64[ns, UTC]"
    assert set(spans["service"]) == {"web", "checkout", "catalog", "payment", "worker"}
    assert set(spans["kind"]) == {"server", "client", "producer", "consumer"}
    assert spans["duration"].between(0, 10).all()
    assert source.notes == []
    assert source.report.lines == source.report.records == len(spans)
    assert source.span().start == spans.index[0].floor("us").to_pydatetime()


def test_what_the_sdk_writes_is_read_the_same_in_all_its_spellings(tmp_path: Path) -> None:
    """Ids in base64 or hexadecimal, names in camel case or not, enumerations by name or number, one line or many."""
    pytest.importorskip("opentelemetry.sdk")
    encoder = pytest.importorskip("opentelemetry.exporter.otlp.proto.common.trace_encoder")
    from google.protobuf.json_format import MessageToDict, MessageToJson
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import Link, SpanKind

    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "web", "service.version": "1.2"}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER) as root:
        root.set_attribute("http.status_code", 500)
        with (
            pytest.raises(KeyError),
            tracer.start_as_current_span(
                "SELECT", kind=SpanKind.CLIENT, attributes={"db.system": "postgresql", "net.peer.name": "db-1"}
            ),
        ):
            raise KeyError("total")
    with tracer.start_as_current_span("later", kind=SpanKind.CONSUMER, links=[Link(root.get_span_context())]):
        pass
    message = encoder.encode_spans(kept.get_finished_spans())
    first, _ = read(tmp_path / "a.json", MessageToJson(message))
    assert first["name"].tolist() == ["GET /cart", "SELECT", "later"]
    assert first["kind"].tolist() == ["server", "client", "consumer"]
    assert first["status"].tolist() == ["unset", "error", "unset"]
    assert first["parent"].tolist() == ["", first["span"].iloc[0], ""]
    assert first["link"].tolist() == ["", "", first["span"].iloc[0]]
    assert first["http.response.status_code"].tolist() == ["500", "", ""]
    assert first["server.address"].tolist() == ["", "db-1", ""]
    assert first["error.type"].tolist() == ["", "KeyError", ""]
    assert first["status_message"].iloc[1] == "KeyError: 'total'"
    assert first["service.version"].unique().tolist() == ["1.2"]
    assert first["span"].iloc[0] == f"{root.get_span_context().span_id:016x}"
    digest = fingerprint(normalised(first))
    for number, text in enumerate(
        [
            MessageToJson(message, indent=None) + "\n",
            MessageToJson(message, preserving_proto_field_name=True, use_integers_for_enums=True),
            json.dumps(_reversed(MessageToDict(message))),
        ]
    ):
        again, source = read(tmp_path / f"{number}.json", text)
        assert connect(tmp_path / f"{number}.json").kind == "traces"
        assert fingerprint(normalised(again)) == digest, source.notes


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _reversed(value[k]) for k in sorted(value, reverse=True)}
    return [_reversed(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".json.gz", gzip.compress), (".json.zst", zstandard.compress), (".json", bytes)]
)
def test_files_of_an_exporter_are_one_time_line(tmp_path: Path, suffix: str, compress: Any) -> None:
    """As the collector's file exporter writes: a request a line, in files that follow each other."""
    for number in range(3):
        part = Shop(number).run(60 * number, 60)
        lines = [{"resourceSpans": [group]} for group in part.requests()["resourceSpans"]]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / f"traces-{number}{suffix}").write_bytes(compress(text.encode()))
    source = connect(str(tmp_path / f"*{suffix}"))
    spans = source.query()
    assert source.kind == "traces"
    assert spans.index.is_monotonic_increasing
    assert len(source.report.files) == 3
    assert {int(t) for t in (spans.index - spans.index[0]).total_seconds() // 60} >= {0, 1, 2}
    assert fingerprint(normalised(connect(source.url).query())) == fingerprint(normalised(spans))


def test_jaegers_own_form(tmp_path: Path) -> None:
    tags = [{"key": "span.kind", "value": "client"}, {"key": "error", "value": True}]
    own = {"traceID": "ab12", "spanID": "cd34", "operationName": "query", "startTime": BEGAN // 1000, "duration": 1500}
    child = own | {
        "spanID": "ef56",
        "references": [{"refType": "CHILD_OF", "traceID": "ab12", "spanID": "cd34"}],
        "processID": "p2",
        "tags": [*tags, {"key": "db.system", "value": "mysql"}, {"key": "http.status_code", "value": 503}],
    }
    trace = {"traceID": "ab12", "spans": [own | {"processID": "p1", "tags": []}, child]}
    document = {"data": [trace | {"processes": {"p1": {"serviceName": "web"}, "p2": {"serviceName": "cart"}}}]}
    spans, source = read(tmp_path / "jaeger.json", document)
    assert connect(tmp_path / "jaeger.json").kind == "traces"
    assert source.report.files[0].format == "jaeger"
    assert spans[["service", "span", "parent", "status", "kind"]].values.tolist() == [
        ["web", "cd34", "", "unset", ""],
        ["cart", "ef56", "cd34", "error", "client"],
    ]
    assert spans["duration"].tolist() == [0.0015, 0.0015]
    assert spans["http.response.status_code"].tolist() == ["", "503"]


@pytest.mark.parametrize("grouped", [False, True])
def test_zipkins_own_form(tmp_path: Path, grouped: bool) -> None:
    client = {
        "traceId": "5af7183fb1d4cf5f",
        "id": "352bff9a74ca9ad2",
        "name": "get",
        "kind": "CLIENT",
        "timestamp": BEGAN // 1000,
        "duration": 2000,
        "localEndpoint": {"serviceName": "web"},
        "remoteEndpoint": {"serviceName": "cart", "ipv4": "10.0.0.7", "port": 80},
        "tags": {"error": "timed out"},
    }
    server = client | {"kind": "SERVER", "shared": True, "localEndpoint": {"serviceName": "cart"}, "tags": {}}
    document = [client, server]
    spans, _ = read(tmp_path / "zipkin.json", [document] if grouped else document)
    assert connect(tmp_path / "zipkin.json").kind == "traces"
    assert spans["service"].tolist() == ["web", "cart"]  # the two sides share an id and are both there
    assert spans["parent"].tolist() == ["", "352bff9a74ca9ad2"]
    assert spans["status_message"].tolist() == ["timed out", ""]
    assert spans["peer.service"].iloc[0] == "cart"


def test_a_frame_and_its_parquet_file_are_the_same_source(shop: Path, tmp_path: Path) -> None:
    spans = connect(shop).query()
    spans.to_parquet(tmp_path / "with-index.parquet")
    spans.reset_index(drop=True).to_parquet(tmp_path / "plain.parquet")
    spans.reset_index(drop=True).to_csv(tmp_path / "spans.csv", index=False)
    digest = fingerprint(normalised(spans))
    for target in (spans, tmp_path / "with-index.parquet", tmp_path / "plain.parquet", tmp_path / "spans.csv"):
        source = connect(target)
        assert source.kind == "traces"
        assert source.span() == connect(shop).span()
        assert fingerprint(normalised(source.query())) == digest


def test_a_frame_without_what_spans_need_is_refused() -> None:
    with pytest.raises(SourceError, match="has no column span, parent"):
        connect(pd.DataFrame({"trace": ["a"], "service": "x", "start": 1, "duration": 1}), kind="traces")


def test_logs_that_carry_trace_ids_stay_logs(tmp_path: Path) -> None:
    line = {"time": "2026-03-01T14:00:00Z", "level": "info", "message": "x", "trace_id": "ab", "span_id": "cd"}
    (tmp_path / "app.jsonl").write_text(json.dumps(line | {"duration": 3}) + "\n")
    assert connect(tmp_path / "app.jsonl").kind == "logs"


# ---- queries


def test_the_query_language_of_files(shop: Path) -> None:
    source = connect(shop)
    everything = source.query()
    assert set(source.query("service=checkout kind=client")["name"]) >= {"INSERT orders", "POST"}
    assert set(source.query("db.system=postgresql")["server.port"]) == {"5432"}
    assert len(source.query("name~^GET -service=web")) < len(everything)
    assert source.query("tenant=7").empty
    assert "no span has a field tenant" in source.notes


def test_a_window_takes_what_starts_in_it(shop: Path) -> None:
    source = connect(shop)
    everything = source.query()
    border = everything.index[len(everything) // 2]
    halves = [
        source.query("", Window(start=a, end=b))
        for a, b in ((everything.index[0], border), (border, everything.index[-1] + pd.Timedelta("1s")))
    ]
    # Windows know microseconds, spans nanoseconds.
    assert sum(map(len, halves)) in (len(everything), len(everything) - 1)
    assert (halves[0].index < border).all()


def test_secrets_do_not_leave_the_source(tmp_path: Path) -> None:
    attributes = [
        attribute("db.statement", "select * from users where mail = 'ana@example.com' and password='hunter2secret'"),
        attribute("url.full", "http://ana:hunter2secret@shop.internal:8080/cart?token=abcdef0123456789"),
    ]
    failed = span(attributes=attributes, status={"code": 2, "message": "password=hunter2secret refused"})
    spans, source = read(tmp_path / "s.json", request(failed, service="ana@example.com"))
    shown = spans.to_csv()
    for secret in ("hunter2", "ana@", "abcdef0123456789"):
        assert secret not in shown
    assert spans["server.address"].tolist() == ["shop.internal"]
    assert spans["server.port"].tolist() == ["8080"]
    assert source.key_id
    assert any("redacted" in note for note in source.notes)


# ---- broken and hostile


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"startTimeUnixNano": "soon"}, "without a readable start"),
        ({"startTimeUnixNano": "99999999999999999999999999"}, "without a readable start"),
        ({"startTimeUnixNano": -5}, "without a readable start"),
        ({"startTimeUnixNano": None}, "without a readable start"),
        ({"traceId": ""}, "without an id"),
        ({"traceId": "0" * 32}, "without an id"),
        ({"spanId": 17}, "without an id"),
        ({"spanId": None}, "without an id"),
    ],
)
def test_a_span_that_cannot_be_used_is_skipped_and_said(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    spans, source = read(tmp_path / "s.json", request(span(**fields), span(spanId="aa")))
    assert len(spans) == 1
    assert source.report.lines == 2
    assert f"s.json: 1 span skipped, {said}" in source.notes


@pytest.mark.parametrize(
    ("end", "said"), [(BEGAN - 1, "that end before they start"), (None, "without an end"), (0, "without an end")]
)
def test_a_duration_that_cannot_be_is_missing(tmp_path: Path, end: Any, said: str) -> None:
    spans, source = read(tmp_path / "s.json", request(span(endTimeUnixNano=end)))
    assert spans["duration"].isna().all()
    assert any(said in note for note in source.notes)


def test_absurd_ids_are_kept_apart_and_bounded(tmp_path: Path) -> None:
    long = "x" * 100_000
    spans, source = read(
        tmp_path / "s.json", request(span(spanId=long), span(spanId="<b>", parentSpanId=long), span(spanId="é\u0000"))
    )
    assert spans["span"].nunique() == 3
    assert spans["parent"].iloc[1] == spans["span"].iloc[0]
    assert all(re.fullmatch("[0-9a-f]{16}", s) for s in spans["span"])
    assert any("shown as a digest" in note for note in source.notes)


@pytest.mark.parametrize("spoilt", [None, 7, "x", [], {}, {"attributes": "no"}, [{"key": 1, "value": None}]])
def test_parts_of_the_wrong_kind_do_no_harm(tmp_path: Path, spoilt: Any) -> None:
    odd = span(attributes=spoilt, status=spoilt, events=spoilt, links=spoilt, kind=spoilt, name=spoilt)
    document = request(odd, service="")
    document["resourceSpans"] += [spoilt, {"scopeSpans": spoilt, "resource": spoilt}]
    spans, source = read(tmp_path / "s.json", document)
    assert len(spans) == 1
    assert spans["kind"].iloc[0] in ("", "consumer", "internal")
    assert any("without the name of a service" in note for note in source.notes)


def test_a_truncated_document_is_read_as_far_as_it_goes(shop: Path) -> None:
    whole = len(connect(shop).query())
    text = shop.read_text()
    for share in (0.3, 0.6, 0.999):
        shop.write_text(text[: int(share * len(text))])
        source = connect(shop)
        assert 0 < len(source.query()) <= whole
        assert any("ends in the middle of a document: read as far as it goes" in note for note in source.notes)


def test_a_broken_line_costs_no_other_line(tmp_path: Path) -> None:
    good = [json.dumps(request(span(spanId=f"{n:016x}"))) for n in range(1, 6)]
    lines = [good[0], good[1][:-30], good[2], "}}} not json", good[3], '{"resourceSpans": [' * 500, good[4]]
    spans, source = read(tmp_path / "s.jsonl", "\n".join(lines) + "\n")
    assert {int(s, 16) for s in spans["span"]} >= {1, 3, 4, 5}
    assert any("not JSON, left out up to the next line" in note for note in source.notes)


def test_spans_exported_twice_are_kept_once(tmp_path: Path) -> None:
    line = json.dumps(request(span()))
    spans, source = read(tmp_path / "s.jsonl", f"{line}\n{line}\n")
    assert len(spans) == 1
    assert "1 span exported twice, kept once" in source.notes


@pytest.mark.parametrize("text", ["not json at all\n", '{"logs": []}', "\x00\x01\x02", "[1, 2, 3]", "{"])
def test_what_holds_no_spans_is_refused_or_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    with suppress(SourceError):
        assert connect(path, kind="traces").query().empty


def test_an_empty_file_and_an_empty_request(tmp_path: Path) -> None:
    for text in ("", '{"resourceSpans": []}', "{}"):
        (tmp_path / "s.json").write_text(text)
        spans = connect(tmp_path / "s.json", kind="traces").query()
        assert spans.empty
        assert list(spans.columns) == list(CORE)


def test_a_damaged_file_beside_a_good_one_is_said(tmp_path: Path, shop: Path) -> None:
    (tmp_path / "zz.json").write_text("nothing of the kind")
    source = connect([shop, tmp_path / "zz.json"], kind="traces")
    assert len(source.query()) > 0
    assert any("zz.json could not be read" in note for note in source.notes)


@pytest.mark.slow
def test_memory_stays_bounded_while_a_window_of_a_large_file_is_read(tmp_path: Path) -> None:
    one = json.dumps(request(span(attributes=[attribute("http.url", "http://10.0.0.1:80/" + "x" * 500)])))
    before, after = one.split('"eee19b7ec3c1b174"')
    path = tmp_path / "large.json.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number in range(30_000):
            file.write(f'{before}"{number + 1:016x}"{after}\n')
    source = connect(path)
    tracemalloc.start()
    found = source.query("", Window(start=START.replace(hour=1), end=START.replace(hour=2)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.empty
    assert source.report.records == 30_000
    assert peak < 12_000_000  # of 25 MB of text


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
