"""Five ways of writing a log line, as teams that never agreed on one have them."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType

from uvicorn.logging import AccessFormatter

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


def _extras(record: logging.LogRecord) -> dict[str, object]:
    """What the caller passed as ``extra=``."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _iso(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


class Plain(logging.Formatter):
    """Python's usual text."""

    def __init__(
        self, style: str = "%(asctime)s %(levelname)s %(name)s: %(message)s", times: str | None = None
    ) -> None:
        super().__init__(style, times)
        self.converter = time.gmtime

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802
        return _traced(ei)


class Logfmt(logging.Formatter):
    """``key=value`` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        pairs = {"ts": _iso(record), "level": record.levelname.lower(), "msg": record.getMessage()}
        if record.exc_info:
            pairs["error"] = _traced(record.exc_info)
        return " ".join(f"{key}={_quoted(value)}" for key, value in {**pairs, **_extras(record)}.items())


class Klog(logging.Formatter):
    """The format of Go's glog, as Kubernetes' own programs write it."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%m%d %H:%M:%S", time.gmtime(record.created))
        micros = int(record.created % 1 * 1e6)
        head = f"{record.levelname[0]}{at}.{micros:06d} {record.process:>7} {record.filename}:{record.lineno}]"
        text = f"{head} {record.getMessage()}"
        return f"{text}\n{_traced(record.exc_info)}" if record.exc_info else text


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": _iso(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = _traced(record.exc_info)
        return json.dumps({**fields, **_extras(record)}, default=str)


class Uvicorn(logging.Formatter):
    """uvicorn's own format with a time in front."""

    def __init__(self) -> None:
        super().__init__()
        stamp = "%(asctime)s.%(msecs)03d %(levelprefix)s "
        self._access = AccessFormatter(
            stamp + '%(client_addr)s - "%(request_line)s" %(status_code)s',
            "%Y-%m-%d %H:%M:%S",
            use_colors=False,
        )
        self._access.converter = time.gmtime
        self._other = Plain("%(asctime)s.%(msecs)03d %(levelprefix)s %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        if record.name == "uvicorn.access":
            return self._access.format(record)
        record.levelprefix = f"{record.levelname}:".ljust(9)
        return self._other.format(record)


FORMATTERS: dict[str, Callable[[], logging.Formatter]] = {
    "catalog": Uvicorn,
    "cart": Logfmt,
    "checkout": Plain,
    "payment": JsonLines,
    "shipping": Klog,
    "invoices": JsonLines,
    "mailer": Plain,
    "provider": Plain,
}


def configure(formatter: logging.Formatter) -> None:
    """Send everything from INFO up to standard output in one format."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _traced(ei: _ExcInfo) -> str:
    """Return a traceback whose paths start at the package."""
    _, error, _ = ei
    if error is None:
        return ""
    trace: traceback.TracebackException | None = traceback.TracebackException.from_exception(error)
    text = trace
    while trace is not None:
        for frame in trace.stack:
            frame.filename = _short(frame.filename)
        trace = trace.__cause__ or trace.__context__
    return "".join(text.format()).rstrip("\n") if text is not None else ""


def _short(filename: str) -> str:
    roots = [root for root in sys.path if root and filename.startswith(root + "/")]
    return filename[len(max(roots, key=len)) + 1 :] if roots else filename


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text) if not text or any(c in text for c in ' "=') else text
