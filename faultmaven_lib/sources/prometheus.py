"""Prometheus as a source: PromQL over its HTTP API, to one wide frame."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import numpy as np
import pandas as pd

from faultmaven_lib.exceptions import QuerySyntaxError, SourceError
from faultmaven_lib.model import SourceKind, Window
from faultmaven_lib.redaction import redactor
from faultmaven_lib.settings import settings
from faultmaven_lib.sources.metrics import LEVELS, empty_metrics, redacted_names
from faultmaven_lib.sources.report import ReadReport
from faultmaven_lib.sources.urls import without_credentials

EVERYTHING = '{__name__=~".+"}'
"""The PromQL that an empty query stands for."""
_SERVICE = ("service", "app", "job", "deployment")
_MAX_POINTS = 10_000  # Prometheus refuses more than 11,000 a series
_MAX_SERIES = 5_000
_TIMEOUT = 30.0
_POSITION = re.compile(r"(\d+):(\d+): parse error: (.*)", re.DOTALL)


class PrometheusSource:
    """Asks a Prometheus server; ``connect("prometheus+http://host:9090")`` makes it.

    User and password in the URL are used for basic authentication, and kept out of ``url``.
    """

    kind: SourceKind = "metrics"

    def __init__(self, url: str, name: str = "") -> None:
        self.url, self.name = without_credentials(url).rstrip("/"), name
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = None
        if not parts.hostname:
            raise SourceError(f"{self.url} names no host: write prometheus+http://host:9090")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._base = f"{parts.scheme.partition('+')[2]}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
        self._auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self.key_id = redactor().key_id
        self.notes: list[str] = []
        self.report = ReadReport()

    def query(self, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Return what a PromQL expression gives over a window.

        Parameters
        ----------
        text
            PromQL; empty for all series.
        window
            From its start (included) to its end (excluded); without one the hour before now.

        Returns
        -------
        DataFrame
            Index ``time`` (UTC), one row a step (``FAULTMAVEN_METRICS_STEP``); columns (service, metric): the
            label ``service`` (or ``app``, ``job``, ``deployment``), and the metric's name (of an expression
            without one, the expression) with all other labels, as in ``up{instance="a:1"}``.

        Raises
        ------
        QuerySyntaxError
            If Prometheus does not accept the expression.
        SourceError
            If it cannot be reached, or says another error.
        """
        notes = []
        if window is None:
            now = datetime.now(UTC).replace(microsecond=0)
            window = Window(start=now - timedelta(hours=1), end=now)
            notes.append(f"no window was given: the last hour, {window}")
        step = settings().metrics_step
        seconds = window.length.total_seconds()
        if seconds / step > _MAX_POINTS:
            step = float(np.ceil(seconds / _MAX_POINTS))
            notes.append(f"the step is {step:g} s, because the window is long")
        expression = text.strip() or EVERYTHING
        body = self._ask(
            "query_range",
            {
                "query": expression,
                "start": f"{window.start.timestamp():.6f}",
                "end": f"{window.end.timestamp():.6f}",
                "step": f"{step:g}",
            },
            text,
        )
        notes += [str(w)[:300] for w in body.get("warnings") or []]
        data = body.get("data") or {}
        series = data.get("result") or []
        if data.get("resultType") not in ("matrix", None):
            raise SourceError(f"{self.url} answered with a {data.get('resultType')}, not with series over time")
        if len(series) > _MAX_SERIES:
            notes.append(f"{len(series):,} series, the first {_MAX_SERIES:,} are used: ask for fewer")
            series = series[:_MAX_SERIES]
        wide = _wide(series, text.strip())
        wide = wide[np.asarray(pd.DatetimeIndex(wide.index) < pd.Timestamp(window.end))]
        clean = redactor()
        wide = redacted_names(wide, clean)
        self.key_id = clean.key_id
        self.report = ReadReport(redacted=+clean.counts, remarks=notes)
        self.notes = self.report.sentences()
        return wide

    def instant(self, text: str, at: datetime) -> pd.DataFrame:
        """Return what a PromQL expression gives at one moment.

        Returns
        -------
        DataFrame
            One row a series: a column for each label, empty where the series has none, and ``value``.

        Raises
        ------
        QuerySyntaxError
            If Prometheus does not accept the expression.
        SourceError
            If it cannot be reached, or says another error.
        """
        body = self._ask("query", {"query": text, "time": f"{at.timestamp():.6f}"}, text)
        series = (body.get("data") or {}).get("result") or []
        clean = redactor()
        rows = [
            {str(k): clean.redact(str(v)) for k, v in (item.get("metric") or {}).items()}
            | {"value": float(item["value"][1])}
            for item in series[:_MAX_SERIES]
            if isinstance(item, dict) and "value" in item
        ]
        self.key_id = clean.key_id
        remarks = [str(w)[:300] for w in body.get("warnings") or []]
        if len(series) > _MAX_SERIES:
            remarks.append(f"{len(series):,} series, the first {_MAX_SERIES:,} are used: ask for fewer")
        self.report = ReadReport(redacted=+clean.counts, remarks=remarks)
        self.notes = self.report.sentences()
        frame = pd.DataFrame(rows, columns=None if rows else ["value"])
        return frame.fillna(dict.fromkeys(frame.columns.drop("value"), ""))

    def span(self) -> Window | None:
        """Return the window that the server's storage covers, or None if it does not tell."""
        try:
            head = self._ask("status/tsdb", {}, "", method="GET")["data"]["headStats"]
            low, high = int(head["minTime"]), int(head["maxTime"])
            oldest = self._ask("query", {"query": "prometheus_tsdb_lowest_timestamp"}, "")["data"]["result"]
        except (KeyError, TypeError, ValueError):
            return None
        stamps = [float(item["value"][1]) for item in oldest if 0 < float(item["value"][1]) < high]
        low = int(min([low, *stamps]))
        if not 0 <= low <= high < 2**53:
            return None
        start = datetime.fromtimestamp(low / 1000, UTC)
        return Window(start=start, end=datetime.fromtimestamp((high + 1) / 1000, UTC))

    def _ask(self, what: str, data: dict[str, str], text: str, method: str = "POST") -> dict[str, Any]:
        address = f"{self._base}/api/v1/{what}"
        try:
            with httpx.Client(timeout=_TIMEOUT, auth=self._auth) as client:
                response = client.request(method, address, data=data or None)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SourceError(f"{self.url} cannot be reached: {error or type(error).__name__}") from None
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get("status") not in ("success", "error"):
            raise SourceError(
                f"{self.url} answered {response.status_code} and no Prometheus result: check host, port and path"
                + (", user and password" if response.status_code in (401, 403) else "")
            )
        if body["status"] == "error":
            message = str(body.get("error"))[:500]
            if body.get("errorType") == "bad_data":
                raise _syntax(message, text)
            raise SourceError(f"{self.url} could not answer: {message}")
        return body


def _syntax(message: str, text: str) -> QuerySyntaxError:
    position = 0
    if match := _POSITION.search(message):
        lines = text.split("\n")
        position = sum(len(line) + 1 for line in lines[: int(match[1]) - 1]) + int(match[2]) - 1
        message = match[3]
    return QuerySyntaxError(f"not PromQL: {message}", text, max(0, min(position, len(text))))


def _wide(series: list[dict[str, Any]], expression: str) -> pd.DataFrame:
    if not series:
        return empty_metrics()
    labels = [{str(k): str(v) for k, v in (item.get("metric") or {}).items()} for item in series]
    columns = {}
    for name, item in zip(_names(labels, expression), series, strict=True):
        points = item.get("values") or []
        index = pd.to_datetime(np.array([round(float(p[0]) * 1e9) for p in points], dtype="int64"), utc=True)
        columns[name] = pd.Series([float(p[1]) for p in points], index=index, dtype="float64")
    wide = pd.DataFrame(dict(enumerate(columns.values())))
    wide.columns = pd.MultiIndex.from_tuples(list(columns), names=LEVELS[:2])
    wide.index = pd.DatetimeIndex(wide.index, name="time").as_unit("ns")
    return wide.sort_index().sort_index(axis=1)


def _names(labels: list[dict[str, str]], expression: str) -> list[tuple[str, str]]:
    """Name each series by its own labels alone, so that it has the same name in every window."""
    names = []
    for one in labels:
        holder = next((k for k in _SERVICE if one.get(k)), "")
        rest = ",".join(f'{k}="{v}"' for k, v in sorted(one.items()) if k not in ("__name__", holder))
        metric = one.get("__name__") or expression or "value"
        names.append((one.get(holder, ""), f"{metric}{{{rest}}}" if rest else metric))
    return names
