"""Ask an OpenAI-compatible endpoint: one request, bounded in time and size, no answer that is not counted."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from faultmaven_lib.exceptions import FaultMavenError, MissingExtra
from faultmaven_lib.model import ModelCall
from faultmaven_lib.settings import Settings

_LARGEST = 1_000_000
"""Bytes of a response; no narration is longer."""
_TRY_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
_PAUSE = 0.5
_KEEP_TO_OURSELVES = ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async", "Retry-Count")
"""What the client would tell of this machine in its headers."""


class NoReply(Exception):
    """A model that was asked and did not answer; the message says why, without a word of the server's."""

    def __init__(self, why: str, *, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, whom, and what it costs."""

    url: str
    model: str
    key: str = ""
    timeout: float = 60.0
    max_tokens: int = 2_000
    price_in: float | None = None
    price_out: float | None = None

    @property
    def host(self) -> str:
        """Where requests go, for people: host and port."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def endpoint(settings: Settings) -> Endpoint | str:
    """Return the endpoint that is set, or why no model may be asked.

    Raises
    ------
    MissingExtra
        If one is set, and the client is not installed.
    FaultMavenError
        If what is set cannot be used.

    Examples
    --------
    >>> endpoint(Settings(llm=False, llm_url="http://localhost:11434/v1", llm_model="m"))
    'language models are switched off (FAULTMAVEN_LLM=off)'
    """
    if not settings.llm:
        return "language models are switched off (FAULTMAVEN_LLM=off)"
    if not settings.llm_url:
        return "no language model is set (FAULTMAVEN_LLM_URL)"
    parts = urlsplit(settings.llm_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise FaultMavenError(
            "FAULTMAVEN_LLM_URL has to be http(s)://host[:port]/path without credentials, as in "
            "http://localhost:11434/v1; a key belongs into FAULTMAVEN_LLM_API_KEY"
        )
    if not settings.llm_model:
        raise FaultMavenError("FAULTMAVEN_LLM_URL is set and FAULTMAVEN_LLM_MODEL is not: name a model of the endpoint")
    if find_spec("openai") is None:
        raise MissingExtra("Narration by a language model", "llm")
    return Endpoint(
        url=settings.llm_url,
        model=settings.llm_model,
        key=settings.llm_api_key.get_secret_value() if settings.llm_api_key else "",
        timeout=settings.llm_timeout,
        max_tokens=settings.llm_max_tokens,
        price_in=settings.llm_price_in,
        price_out=settings.llm_price_out,
    )


def ask(
    where: Endpoint,
    system: str,
    user: str,
    schema: Mapping[str, Any],
    *,
    before: Callable[[str], None],
    after: Callable[[ModelCall], None],
) -> str:
    """Ask a model and return what it said.

    A server that is busy is asked once more, one that does not know structured output once without it, all of it
    within the time that is set.

    Parameters
    ----------
    where
        The endpoint.
    system, user
        The messages.
    schema
        JSON schema of the reply.
    before
        Called with a line on each request before it is made; if it raises, nothing is sent.
    after
        Called with each request when it is done, whatever became of it.

    Raises
    ------
    NoReply
        If there is no answer.
    """
    import_module("openai")  # to load it takes seconds, which are not the server's
    end = time.monotonic() + where.timeout
    structured = True
    for attempt in (1, 2):
        payload = _payload(where, system, user, schema if structured else None)
        sent = json.dumps(payload["messages"], ensure_ascii=True).encode()
        digest = hashlib.sha256(sent).hexdigest()
        before(f"to {where.host}, model {where.model}, {len(sent)} bytes, SHA-256 {digest[:16]}")
        at, began = datetime.now(UTC), time.monotonic()
        reply: dict[str, Any] = {}
        failure: NoReply | None = None
        try:
            reply = _within(end - began, where, payload)
        except NoReply as error:
            failure = error
        after(_call(where, at, time.monotonic() - began, (len(sent), digest), reply, failure))
        if failure is None:
            return str(reply["content"])
        busy = failure.status in _TRY_AGAIN
        if attempt == 2 or not (busy or failure.status in (400, 422)) or time.monotonic() + 2 * _PAUSE > end:
            raise failure
        structured = busy
        if busy:
            time.sleep(_PAUSE)
    raise AssertionError("unreachable")


def _payload(where: Endpoint, system: str, user: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "model": where.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "temperature": 0,
        "max_tokens": where.max_tokens,
    }
    if schema is not None:
        named = {"name": "narration", "schema": schema, "strict": True}
        payload["response_format"] = {"type": "json_schema", "json_schema": named}
    return payload


def _call(
    where: Endpoint,
    at: datetime,
    seconds: float,
    sent: tuple[int, str],
    reply: Mapping[str, Any],
    failure: NoReply | None,
) -> ModelCall:
    tokens = [reply.get("tokens_in"), reply.get("tokens_out")]
    priced = [(n, p) for n, p in zip(tokens, (where.price_in, where.price_out), strict=True) if p is not None]
    known = bool(priced) and all(n is not None for n, _ in priced)
    return ModelCall(
        model=where.model,
        host=where.host,
        at=at,
        seconds=round(seconds, 3),
        sent_bytes=sent[0],
        sent_sha256=sent[1],
        outcome="answered" if failure is None else str(failure),
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        cost=sum(n * p for n, p in priced if n is not None) / 1e6 if known else None,
    )


def _within(seconds: float, where: Endpoint, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Run the request on a loop of its own: a notebook has one already, and only a loop can stop at a moment."""
    box: list[dict[str, Any] | NoReply] = []

    def run() -> None:
        try:
            box.append(asyncio.run(_request(seconds, where, payload)))
        except NoReply as error:
            box.append(error)
        except Exception as error:  # noqa: BLE001 (whatever breaks in there, the answer stands without it)
            box.append(NoReply(f"the request failed ({type(error).__name__})"))

    thread = threading.Thread(target=run, name="faultmaven-llm", daemon=True)
    thread.start()
    thread.join(seconds + 1)  # a look-up of a host name cannot be stopped, only left behind
    result = box[0] if box else NoReply(f"no answer within {seconds:.3g} s")
    if isinstance(result, NoReply):
        raise result
    return result


async def _request(seconds: float, where: Endpoint, payload: Mapping[str, Any]) -> dict[str, Any]:
    import openai

    names = [*(f"X-Stainless-{name}" for name in _KEEP_TO_OURSELVES), "OpenAI-Organization", "OpenAI-Project"]
    headers: dict[str, Any] = {"User-Agent": "faultmaven"} | {name: openai.Omit() for name in names}
    try:
        async with (
            asyncio.timeout(seconds),
            # A redirect would take the data to a host that nobody has set.
            openai.DefaultAsyncHttpxClient(follow_redirects=False) as transport,
        ):
            client = openai.AsyncOpenAI(
                base_url=where.url,
                api_key=where.key or "none",
                timeout=seconds,
                max_retries=0,  # each request is to be seen by the audit
                default_headers=headers,
                http_client=transport,
            )
            asked = client.chat.completions.with_streaming_response.create(**payload)
            async with asked as response:
                body = bytearray()
                async for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise NoReply(f"the reply is larger than {_LARGEST:,} bytes")
                kind = response.headers.get("content-type", "")
                return _read(bytes(body), kind, response.status_code)
    except (TimeoutError, openai.APITimeoutError):
        raise NoReply(f"no answer within {seconds:.3g} s") from None
    except openai.APIStatusError as error:
        status = error.status_code
        raise NoReply(f"the server answered with the status {status}", status=status) from None
    except openai.APIConnectionError:
        raise NoReply("the server cannot be reached, or broke off") from None


def _read(body: bytes, kind: str, status: int) -> dict[str, Any]:
    if status != 200:
        raise NoReply(f"the server answered with the status {status}", status=status)
    if "json" not in kind.lower():
        raise NoReply("the server answered with something else than JSON")
    try:
        found = json.loads(body)
        content = found["choices"][0]["message"]["content"]
        usage = found.get("usage") or {}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise NoReply("the reply is not that of a chat completion") from None
    if not isinstance(content, str):
        raise NoReply("the reply holds no text")
    counts = [usage.get(name) if isinstance(usage, dict) else None for name in ("prompt_tokens", "completion_tokens")]
    told = [n if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 10**9 else None for n in counts]
    return {"content": content, "tokens_in": told[0], "tokens_out": told[1]}
