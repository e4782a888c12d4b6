"""Tracebacks of four languages are one record each, and name what was raised and where."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.sources import connect
from faultmaven_lib.sources.raised import raised

PYTHON = """\
2026-03-01 14:02:11,100 ERROR shop.checkout: payment failed
Traceback (most recent call last):
  File "/srv/shop/checkout.py", line 12, in pay
    raise Timeout("gateway")
shop.errors.Timeout: gateway

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/app.py", line 3, in handle
    pay()
  File "/srv/shop/pay.py", line 9, in pay
    raise
shop.errors.PaymentError: no answer
"""
JAVA = """\
2026-03-01 14:02:11,100 ERROR c.e.Pool - could not connect
java.lang.IllegalStateException: pool: closed
	at c.e.Pool.get(Pool.java:12)
	at c.e.App.main(App.java:3)
	Suppressed: java.io.IOException: second
		at c.e.Pool.close(Pool.java:80)
Caused by: java.sql.SQLTransientConnectionException: timeout after 30000ms
	at c.e.db.Driver.open(Driver.java:77)
	at java.base/java.util.concurrent.FutureTask.run(FutureTask.java:264)
	... 12 more
"""
GO = """\
2026/03/01 14:02:11 serving
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Cart).add(0xc000012345, {0x1, 0x2})
	/srv/shop/cart.go:12 +0x1d
main.main()
	/srv/shop/main.go:3 +0x20
exit status 2
2026/03/01 14:02:12 serving again
"""
NODE = """\
2026-03-01T14:02:11.000Z ERROR shop: request failed
TypeError: Cannot read properties of undefined (reading 'id')
    at Cart.add (/srv/shop/cart.js:12:7)
    at async handle (file:///srv/shop/app.mjs:3:1)
    at node:internal/main/run_main_module:28:49
2026-03-01T14:02:12.000Z INFO shop: next
"""


def read(tmp_path: Path, text: str, name: str = "app.log") -> pd.DataFrame:
    path = tmp_path / name
    path.write_text(text)
    source = connect(path)
    frame = source.query()
    report = source.report.files[0]
    assert report.lines == report.records + report.continued + report.blank
    return frame


@pytest.mark.parametrize(
    ("text", "exception", "frames"),
    [
        (PYTHON, "shop.errors.PaymentError", "shop/pay.py:pay < shop/app.py:handle"),
        (
            JAVA,
            "java.sql.SQLTransientConnectionException",
            "c.e.db.Driver.open < java.util.concurrent.FutureTask.run",
        ),
        (NODE, "TypeError", "shop/cart.js:Cart.add < shop/app.mjs:handle < main/run_main_module"),
    ],
)
def test_a_traceback_is_one_record_that_names_its_exception(
    tmp_path: Path, text: str, exception: str, frames: str
) -> None:
    frame = read(tmp_path, text)
    assert frame["exception"].iloc[0] == exception
    assert frame["frames"].iloc[0] == frames
    assert frame["message"].iloc[0].count("\n") >= 3
    assert frame["level"].iloc[0] == "ERROR"


def test_a_panic_of_go_is_one_record_with_its_goroutines(tmp_path: Path) -> None:
    frame = read(tmp_path, GO)
    assert frame["line"].tolist()[-1] == 10
    row = frame[frame["exception"].notna()].iloc[0]
    assert row["exception"] == "panic: runtime error: index out of range"
    assert row["frames"] == "main.(*Cart).add < main.main"
    assert frame["message"].iloc[-1] == "serving again"


def test_a_panic_amid_json_lines_stays_together(tmp_path: Path) -> None:
    one = '{"time": "2026-03-01T14:02:10Z", "level": "info", "msg": "a"}\n'
    frame = read(tmp_path, one * 3 + "\n".join(GO.splitlines()[1:-1]) + "\n" + one)
    assert len(frame) == 5
    assert frame["level"].tolist()[3] == "CRITICAL"
    assert frame["frames"].tolist()[3] == "main.(*Cart).add < main.main"


def test_frames_carry_no_line_numbers_so_that_releases_can_be_compared(tmp_path: Path) -> None:
    frame = read(tmp_path, JAVA + JAVA.replace(":77", ":79").replace("30000", "29999"))
    assert frame["frames"].nunique() == 1
    assert frame["exception"].nunique() == 1


def test_a_traceback_in_a_field_of_json(tmp_path: Path) -> None:
    stack = PYTHON.partition("\n")[2]
    lines = [
        {"time": "2026-03-01T14:02:10Z", "msg": "a", "exception": stack},
        {"time": "2026-03-01T14:02:10Z", "msg": "b", "error.stack_trace": JAVA.partition("\n")[2]},
        {"time": "2026-03-01T14:02:10Z", "msg": "c", "exception": "Short"},
    ]
    frame = read(tmp_path, "\n".join(map(json.dumps, lines)))
    assert frame["exception"].tolist() == [
        "shop.errors.PaymentError", "java.sql.SQLTransientConnectionException", "Short",
    ]  # fmt: skip
    assert frame["traceback"].iloc[0].startswith("Traceback")
    assert frame["message"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "x\n" + "\n" * 60_000,
        "x\n" + " " * 60_000 + "at",
        "a." * 30_000 + "\n\tat x(y)",
        "A" * 60_000 + "\n at x",
        "panic: " + "(" * 60_000 + "\n" + "a" * 300 + "(" * 300,
        "Traceback (most recent call last):\n" + "x" * 60_000,
        "\n".join(["    at " + "(" * 400] * 150),
    ],
)
def test_hostile_text_takes_no_long_time(text: str) -> None:
    before = time.process_time()
    raised(text)
    assert time.process_time() - before < 1
