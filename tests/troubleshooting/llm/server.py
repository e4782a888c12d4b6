"""A server on loopback that speaks OpenAI's chat completions by a script, and does what can go wrong there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Keeps what it received, and answers by the next step of the script; the last one again and again."""

    server: ScriptedServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append({"path": self.path, "headers": dict(self.headers), "body": body})
        steps = self.server.steps
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        with suppress(BrokenPipeError, ConnectionResetError):  # the client has gone away, as it should
            step(self, json.loads(body))

    def log_message(self, *args: Any) -> None:
        return

    def send(self, body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, steps: list[Step]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.steps, self.received = steps, []
        self.done = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def get_request(self) -> Any:
        self.connections = getattr(self, "connections", 0) + 1
        return super().get_request()


@contextmanager
def serving(*steps: Step) -> Iterator[ScriptedServer]:
    server = ScriptedServer(list(steps))
    server.connections = 0
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.done.set()
        server.shutdown()
        server.server_close()
        thread.join()


def completion(content: Any, *, usage: Any = "told") -> bytes:
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    told = {"prompt_tokens": 1200, "completion_tokens": 80, "total_tokens": 1280} if usage == "told" else usage
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
                      | ({"usage": told} if told is not None else {})).encode()  # fmt: skip


def says(content: Any, *, usage: Any = "told") -> Step:
    return lambda handler, request: handler.send(completion(content, usage=usage))


def sentences(*said: dict[str, Any], **more: Any) -> Step:
    return says({"sentences": list(said), "hypotheses": [], "queries": []} | more)


def fails(status: int, **headers: str) -> Step:
    body = json.dumps({"error": {"message": "postgres is the cause, said the server", "type": "x"}}).encode()
    return lambda handler, request: handler.send(body, status, **headers)


def raw(body: bytes, **options: Any) -> Step:
    return lambda handler, request: handler.send(body, **options)


def hangs(handler: Handler, request: dict[str, Any]) -> None:
    handler.server.done.wait(30)


def drips(handler: Handler, request: dict[str, Any]) -> None:
    """Send headers and a byte now and then: each read succeeds, the whole never ends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while not handler.server.done.wait(0.1):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def drips_headers(handler: Handler, request: dict[str, Any]) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.done.wait(0.1):
        handler.wfile.write(b"X-More: yes\r\n")
        handler.wfile.flush()


def breaks_off(handler: Handler, request: dict[str, Any]) -> None:
    whole = completion({"sentences": []})
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(whole)))
    handler.end_headers()
    handler.wfile.write(whole[: len(whole) // 2])
    handler.wfile.flush()
    handler.connection.close()


def huge(handler: Handler, request: dict[str, Any]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b" " * 100_000)


def slowly(seconds: float, step: Step) -> Step:
    def wait(handler: Handler, request: dict[str, Any]) -> None:
        time.sleep(seconds)
        step(handler, request)

    return wait
