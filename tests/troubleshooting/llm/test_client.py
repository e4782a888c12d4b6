"""A server that is slow, broken or hostile costs the narration alone; every request is recorded before it is made."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from faultmaven_lib.exceptions import FaultMavenError, MissingExtra, StorageError
from faultmaven_lib.model import Narration
from faultmaven_lib.troubleshooting.llm import client, narrate

from .incident import recorded
from .server import (
    ScriptedServer,
    breaks_off,
    completion,
    drips,
    drips_headers,
    fails,
    hangs,
    huge,
    raw,
    says,
    sentences,
    serving,
    slowly,
)

SLOW = {"text": "latency_p99_seconds of checkout rose from 12 ms to 3.21 s.", "finding": "F3", "service": "checkout",
        "direction": "up", "evidence": ["E4"]}  # fmt: skip


@pytest.fixture(scope="module")
def held() -> SimpleNamespace:
    return recorded()


class Asked:
    """Narrates by a server, and keeps what was recorded."""

    def __init__(self, held: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held, self.monkeypatch = held, monkeypatch
        self.lines: list[tuple[str, str]] = []

    def set(self, **settings: Any) -> None:
        for name, value in settings.items():
            self.monkeypatch.setenv(f"FAULTMAVEN_{name.upper()}", str(value))

    def __call__(self, server: ScriptedServer, **settings: Any) -> Narration:
        self.set(**{"llm_url": server.url, "llm_model": "small", "llm_timeout": 5} | settings)
        return narrate(self.held.answer, self.held.scope, self.held.board, lambda a, d: self.lines.append((a, d)))


@pytest.fixture
def asked(held: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(held, monkeypatch)


def test_the_request_is_that_of_the_protocol_and_tells_nothing_else(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "http://elsewhere.example" if "URL" in name else "of-somebody-else")
    with serving(sentences(SLOW)) as server:
        narration = asked(server, llm_api_key="s3cret-key", llm_max_tokens=321)
    (request,) = server.received
    body = json.loads(request["body"])
    assert request["path"] == "/v1/chat/completions"
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("small", 0, 321)
    assert body["response_format"]["type"] == "json_schema"
    assert json.loads(body["messages"][1]["content"])["findings"][0]["id"] == "F1"
    headers = {k.lower(): v for k, v in request["headers"].items()}
    assert headers["authorization"] == "Bearer s3cret-key"
    assert headers["user-agent"] == "faultmaven"
    of_the_machine = "os arch runtime runtime-version lang package-version".split()
    assert not {f"x-stainless-{name}" for name in of_the_machine} & headers.keys()
    assert not [h for h in headers if h.startswith("openai-")]
    assert "of-somebody-else" not in str(request)
    assert len(narration.sentences) == 1
    assert "s3cret-key" not in str(asked.lines) + narration.model_dump_json()


def test_tokens_and_cost_are_told_and_recorded(asked: Asked) -> None:
    with serving(sentences(SLOW)) as server:
        narration = asked(server, llm_price_in=0.5, llm_price_out=2)
    (call,) = narration.calls
    assert (call.tokens_in, call.tokens_out, call.outcome) == (1200, 80, "answered")
    assert call.cost == pytest.approx((1200 * 0.5 + 80 * 2) / 1e6)
    assert narration.cost == call.cost
    (before, sent), (after, detail) = asked.lines
    assert (before, after) == ("model asked", "model answered")
    assert f"{call.sent_bytes} bytes" in sent
    assert call.sent_sha256[:16] in sent
    assert "1200 tokens in, 80 tokens out, cost 0.00076" in detail


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "many"}, {"prompt_tokens": -5}, [1], "x", True])
def test_a_server_that_does_not_count_is_not_counted_for(asked: Asked, usage: Any) -> None:
    with serving(says({"sentences": [SLOW]}, usage=usage)) as server:
        narration = asked(server, llm_price_in=1, llm_price_out=1)
    assert (narration.calls[0].tokens_in, narration.calls[0].cost) == (None, None)
    assert "tokens not told" in asked.lines[-1][1]
    assert len(narration.sentences) == 1


BROKEN = [
    (fails(401), "status 401"), (fails(404), "status 404"), (fails(418), "status 418"),
    (raw(b"", status=302, kind="text/plain", Location="http://127.0.0.1:9/v1/chat/completions"), "status 302"),
    (raw(b"<html>hello</html>", kind="text/html"), "something else than JSON"),
    (raw(completion({"sentences": []}), kind="text/plain"), "something else than JSON"),
    (raw(b"not json"), "not that of a chat completion"), (raw(b"[" * 90_000), "not that of a chat completion"),
    (raw(b"{}"), "not that of a chat completion"), (raw(b'{"choices": []}'), "not that of a chat completion"),
    (raw(b'{"choices": [{"message": {}}]}'), "not that of a chat completion"),
    (raw(b'{"choices": [{"message": {"content": 7}}]}'), "holds no text"), (says(None), "holds no text"),
    (raw(b"\xff\xfe\x00"), "not that of a chat completion"), (breaks_off, "the request failed"), (huge, "larger than"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "why"), BROKEN, ids=[f"{i}-{b[1]}" for i, b in enumerate(BROKEN)])
def test_a_broken_server_costs_the_narration_alone(asked: Asked, step: Any, why: str) -> None:
    with serving(step) as server:
        narration = asked(server)
    assert (narration.sentences, narration.hypotheses) == ((), ())
    assert why in narration.note
    assert "said the server" not in narration.model_dump_json() + str(asked.lines)
    assert asked.lines[-1][0] == "model failed"
    assert len(server.received) == 1


@pytest.mark.parametrize("step", [hangs, drips, drips_headers, slowly(3, sentences(SLOW))], ids=str)
def test_a_server_that_does_not_end_is_left(asked: Asked, step: Any) -> None:
    with serving(step) as server:
        narration = asked(server, llm_timeout=0.7)
    assert "no answer within 0.7 s" in narration.note
    assert narration.calls[0].seconds < 2.5


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_once_more_and_both_are_recorded(asked: Asked, status: int) -> None:
    with serving(fails(status, Retry_After="60"), sentences(SLOW)) as server:
        narration = asked(server)
    assert len(narration.sentences) == 1
    assert [c.outcome for c in narration.calls] == [f"the server answered with the status {status}", "answered"]
    assert [a for a, _ in asked.lines] == ["model asked", "model failed", "model asked", "model answered"]
    with serving(fails(status)) as server:
        narration = asked(server)
    assert len(server.received) == 2
    assert f"status {status}" in narration.note


def test_a_server_without_structured_output_is_asked_without_it(asked: Asked) -> None:
    with serving(fails(400), sentences(SLOW)) as server:
        narration = asked(server)
    assert ["response_format" in json.loads(r["body"]) for r in server.received] == [True, False]
    assert len(narration.sentences) == 1


def test_a_server_that_is_not_there_is_not_waited_for(asked: Asked) -> None:
    with serving(sentences()) as server:
        pass
    assert "cannot be reached" in asked(server).note


def test_a_redirect_is_not_followed(asked: Asked) -> None:
    with serving(sentences(SLOW)) as other:
        away = raw(b"", status=307, Location=f"{other.url}/chat/completions")
        with serving(away) as server:
            narration = asked(server)
    assert (other.connections, narration.sentences) == (0, ())


@pytest.mark.parametrize(("name", "value"), [("llm", "off"), ("llm", "false"), ("llm_url", "")])
def test_switched_off_or_without_an_address_no_connection_is_made(asked: Asked, name: str, value: str) -> None:
    with serving(sentences(SLOW)) as server:
        narration = asked(server, **{name: value})
    assert (server.connections, narration.calls, asked.lines) == (0, (), [])
    assert narration.note.startswith("The model was not asked")


def test_what_cannot_be_recorded_is_not_sent(asked: Asked, held: SimpleNamespace) -> None:
    def refuses(action: str, detail: str) -> None:
        raise StorageError("the database is read-only")

    with serving(sentences(SLOW)) as server:
        asked.set(llm_url=server.url, llm_model="m")
        narration = narrate(held.answer, held.scope, held.board, refuses)
    assert server.connections == 0
    assert "the database is read-only" in narration.note


def test_secrets_do_not_reach_the_wire_whatever_was_done_on_read(asked: Asked, held: SimpleNamespace) -> None:
    secrets = ("hunter2", "ann@example.com", "AKIAIOSFODNN7EXAMPLE", "4111 1111 1111 1111")
    line = "login of ann@example.com failed, password=hunter2 key AKIAIOSFODNN7EXAMPLE card 4111 1111 1111 1111"
    finding = held.findings[0].model_copy(update={"sentence": line, "subject": line, "example": line})
    kept = held.answer
    held.answer = kept.model_copy(update={"question": f"why {line}?", "findings": (finding, *kept.findings[1:])})
    try:
        with serving(sentences(SLOW)) as server:
            asked(server, redact="false")
    finally:
        held.answer = kept
    sent = server.received[0]["body"].decode()
    assert [s for s in secrets if s in sent] == []
    assert "<email:" in sent


def test_what_is_sent_is_bounded(asked: Asked, held: SimpleNamespace) -> None:
    kept = held.answer
    long = [
        held.findings[0].model_copy(update={"sentence": "x" * 9_000, "subject": f"s{i} " * 2_000}) for i in range(500)
    ]
    held.answer = kept.model_copy(update={"findings": tuple(long)})
    try:
        with serving(sentences()) as server:
            asked(server)
    finally:
        held.answer = kept
    assert len(server.received[0]["body"]) < 40_000


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"llm_url": "localhost:11434/v1"}, "has to be http"),
        ({"llm_url": "http://user:pw@localhost/v1"}, "without credentials"),
        ({"llm_url": "http://localhost/v1", "llm_model": ""}, "FAULTMAVEN_LLM_MODEL is not"),
    ],
)
def test_settings_that_cannot_be_used_are_an_error_that_names_the_mend(
    asked: Asked, held: SimpleNamespace, settings: dict[str, str], why: str
) -> None:
    asked.set(**{"llm_model": "m"} | settings)
    with pytest.raises(FaultMavenError, match=why) as caught:
        narrate(held.answer, held.scope, held.board, lambda a, d: None)
    assert "pw" not in str(caught.value)


def test_a_missing_extra_names_the_install_command(
    asked: Asked, held: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "find_spec", lambda name: None)
    asked.set(llm_url="http://localhost/v1", llm_model="m")
    with pytest.raises(MissingExtra, match=r'pip install "faultmaven\[llm\]"'):
        narrate(held.answer, held.scope, held.board, lambda a, d: None)


def test_the_client_is_not_loaded_before_a_model_is_asked() -> None:
    code = ("import sys, faultmaven_lib; from faultmaven_lib import Investigation; import faultmaven_lib.cli; "
            "import faultmaven_lib.troubleshooting.llm; print('openai' in sys.modules)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"
