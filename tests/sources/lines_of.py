# ruff: noqa: E501 (a line of a log is one line)
"""Log lines as programs write them, made from a seed: what the tests and the bench of the reader read."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 14, tzinfo=UTC)
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def _access(r: random.Random, at: datetime, *, tail: bool = True) -> str:
    line = (
        f"198.51.100.{r.randrange(250)} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "
        f'"{r.choice(("GET", "GET", "POST"))} /products/{r.randrange(5000)}?page={r.randrange(9)} HTTP/1.1" '
        f'{r.choice((200, 200, 200, 304, 404, 502))} {r.randrange(20_000)} "-" "{_AGENT}"'
    )
    return line + f" rt={r.random():.3f} uct=0.001 uht={r.random():.3f} urt={r.random():.3f}" if tail else line


def _json(r: random.Random, at: datetime) -> str:
    record = {
        "time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "level": r.choice(("info", "info", "info", "warn", "error")),
        "service": "payment",
        "message": f"authorized order {r.randrange(99_999)} in {r.randrange(900)} ms",
        "order_id": f"o-{r.randrange(99_999)}",
        "amount": round(r.random() * 100, 2),
        "trace_id": f"{r.getrandbits(128):032x}",
    }
    return json.dumps(record)


def _pino(r: random.Random, at: datetime) -> str:
    request = {"id": r.randrange(9999), "method": "GET", "url": f"/cart/{r.randrange(99)}", "headers": {"host": "shop"}}
    return json.dumps({
        "level": r.choice((30, 30, 40, 50)), "time": int(at.timestamp() * 1000), "pid": 7, "hostname": "web-1",
        "req": request, "res": {"statusCode": r.choice((200, 500))}, "responseTime": r.randrange(900),
        "msg": "request completed",
    })  # fmt: skip


def _iso(at: datetime, sign: str = ",") -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}{sign}{at.microsecond // 1000:03d}"


FORMATS: dict[str, Callable[[random.Random, datetime], str]] = {
    "access": _access,
    "combined": lambda r, at: _access(r, at, tail=False),
    "forwarded": lambda r, at: _access(r, at, tail=False) + f' "10.0.0.{r.randrange(9)}"',
    "json": _json,
    "pino": _pino,
    "logfmt": lambda r, at: (
        f'ts={_iso(at, ".").replace(" ", "T")}Z level={r.choice(("info", "warn"))} msg="served request {r.randrange(999)}" '
        f"path=/cart status={r.choice((200, 500))} ms={r.random() * 10:.2f}"
    ),
    "python": lambda r, at: (
        f"{_iso(at)} {r.choice(('INFO', 'WARNING'))} shop.checkout: order {r.randrange(9999)} took {r.random():.3f} s"
    ),
    "python named": lambda r, at: f"{_iso(at)} - shop.db - WARNING - slow query: {r.randrange(9999)} ms",
    "log4j": lambda r, at: (
        f"{_iso(at)} [http-nio-{r.randrange(20)}] ERROR c.e.shop.Pool - exhausted after {r.randrange(99)} ms"
    ),
    "spring": lambda r, at: (
        f"{_iso(at, '.')}  WARN {r.randrange(99)} --- [main] c.example.Pool   : {r.randrange(99)} left"
    ),
    "uvicorn": lambda r, at: (
        f'{_iso(at, ".")} INFO:     10.0.0.{r.randrange(99)}:{r.randrange(60_000)} - "GET /s?q={r.randrange(99)} HTTP/1.1" {r.choice((200, 404))} OK'
    ),
    "syslog": lambda r, at: (
        f"{at:%b} {at.day:2d} {at:%H:%M:%S} web{r.randrange(3)} sshd[{r.randrange(9999)}]: {r.choice(('error: closed by', 'accepted for'))} 10.0.0.{r.randrange(99)}"
    ),
    "syslog iso": lambda r, at: (
        f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}+01:00 web1 cron[{r.randrange(9999)}]: (root) CMD (parts {r.randrange(9)})"
    ),
    "postgresql": lambda r, at: (
        f"{_iso(at, '.')} UTC [{r.randrange(9999)}] shop@orders {r.choice(('LOG', 'ERROR'))}:  duration: {r.random() * 100:.3f} ms"
    ),
    "klog": lambda r, at: (
        f"{r.choice('IWE')}{at:%m%d %H:%M:%S}.{at.microsecond:06d}    {r.randrange(9999)} kubelet.go:{r.randrange(999)}] pod {r.randrange(99)} evicted"
    ),
    "nginx error": lambda r, at: (
        f'{at:%Y/%m/%d %H:%M:%S} [error] 12#12: *{r.randrange(999)} upstream timed out, client: 10.0.0.7, server: , request: "GET /{r.randrange(99)} HTTP/1.1"'
    ),
    "redis": lambda r, at: (
        f"1:M {at:%d %b %Y %H:%M:%S}.{at.microsecond // 1000:03d} * {r.randrange(999)} changes in 60 seconds. Saving..."
    ),
    "go": lambda r, at: f"{at:%Y/%m/%d %H:%M:%S} main.go:{r.randrange(99)}: lost {r.randrange(99)} of 100",
    "text": lambda r, at: f"worker {r.randrange(9)} did {r.randrange(99)} things",
}


def lines_of(name: str, number: int, seed: int = 1, *, each: float = 0.02) -> Iterator[str]:
    """Yield lines of a format, ``each`` seconds apart; the same for the same seed."""
    r = random.Random(seed)
    make = FORMATS[name]
    for i in range(number):
        yield make(r, START + timedelta(seconds=i * each))


def mixed(number: int, seed: int = 1) -> Iterator[str]:
    """Yield access lines and JSON lines in turn."""
    for access, record in zip(lines_of("access", number // 2, seed), lines_of("json", number // 2, seed), strict=True):
        yield access
        yield record


def in_cri(lines: Iterator[str]) -> Iterator[str]:
    """Wrap lines as containerd does."""
    for i, line in enumerate(lines):
        at = START + timedelta(milliseconds=20 * i)
        yield f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond * 1000:09d}Z stdout F {line}"


def in_docker(lines: Iterator[str]) -> Iterator[str]:
    """Wrap lines as Docker's json-file driver does."""
    for i, line in enumerate(lines):
        at = START + timedelta(milliseconds=20 * i)
        yield json.dumps(
            {"log": line + "\n", "stream": "stdout", "time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z"}
        )
