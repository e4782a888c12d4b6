"""Alerts as Alertmanager and Prometheus hand them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Alert
from faultmaven_lib.redaction import Redactor, redactor
from faultmaven_lib.sources.report import FileReport
from faultmaven_lib.sources.tables import read_json
from faultmaven_lib.sources.times import parse_times
from faultmaven_lib.sources.urls import without_credentials

_MAX_TEXT = 4000
_MAX_LABELS = 100
OTHERS = "other_alerts"
"""The annotation that counts the other alerts of the same group."""


def read_alert(source: str | Path | Mapping[str, Any]) -> Alert:
    """Read an alert: a file, JSON text, or what was parsed of it.

    Alertmanager's webhook payload (version 4), a single alert, a list of them, and the answer of
    Prometheus' ``/api/v1/alerts`` are understood. Of several alerts the earliest one that fires is returned
    (if none fires, the earliest), and the annotation ``other_alerts`` counts the others. Labels,
    annotations and links are redacted.

    Raises
    ------
    SourceError
        If it cannot be read, or holds no alert.

    Examples
    --------
    >>> alert = read_alert({"labels": {"alertname": "SlowCheckout", "service": "checkout"},
    ...                     "startsAt": "2026-03-01T14:02:00Z"})
    >>> alert.name, alert.service, alert.starts_at.isoformat()
    ('SlowCheckout', 'checkout', '2026-03-01T14:02:00+00:00')
    """
    where, document = _document(source)
    alerts, common = _alerts(document, where)
    clean = redactor()
    read = [_alert(item, common, where, clean) for item in alerts]
    firing = [a for a in read if a.status == "firing"] or read
    first = min(firing, key=lambda a: a.starts_at)
    if len(read) > 1:
        first = first.model_copy(update={"annotations": {**first.annotations, OTHERS: str(len(read) - 1)}})
    return first


def _document(source: str | Path | Mapping[str, Any]) -> tuple[str, Any]:
    if isinstance(source, Mapping):
        return "the alert", dict(source)
    text = str(source)
    if isinstance(source, str) and text.lstrip()[:1] in ("{", "["):
        try:
            return "the alert", json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"the alert is not JSON: {error}") from None
    path = Path(text.removeprefix("file://").removeprefix("file:")).expanduser()
    if not path.is_file():
        raise SourceError(f"there is no alert file {path}")
    report = FileReport(path=str(path), name=path.name)
    document = read_json(path, report)
    if report.empty:
        raise SourceError(f"{path} is empty: it should hold an alert as Alertmanager posts it")
    return str(path), document


def _alerts(document: Any, where: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    common: dict[str, Any] = {}
    if isinstance(document, dict):
        inner = document.get("data") if isinstance(document.get("data"), dict) else document
        if isinstance(inner, dict) and isinstance(inner.get("alerts"), list):
            common = document
            document = inner["alerts"]
        else:
            document = [document]
    if not isinstance(document, list) or not document:
        raise SourceError(f"{where} holds no alert: it should be Alertmanager's webhook payload or one alert")
    if not all(isinstance(item, dict) for item in document):
        raise SourceError(f"{where}: an alert must be an object with labels and startsAt")
    return document, common


def _alert(item: dict[str, Any], common: dict[str, Any], where: str, clean: Redactor) -> Alert:
    labels = {**_texts(common.get("commonLabels"), clean), **_texts(item.get("labels"), clean)}
    annotations = {**_texts(common.get("commonAnnotations"), clean), **_texts(item.get("annotations"), clean)}
    name = labels.get("alertname") or clean.redact(str(item.get("name") or item.get("alertname") or ""))
    if not name:
        keys = ", ".join(map(str, list(item)[:8])) or "none"
        raise SourceError(f"{where} is not an alert: it has no label alertname (its keys are {keys})")
    starts = _moment(item, ("startsAt", "activeAt", "starts_at"))
    if starts is None:
        raise SourceError(f"{where}: the alert {name} has no startsAt time")
    status = item.get("status", item.get("state", "firing"))
    if isinstance(status, dict):  # Alertmanager's own API: {"state": "active", …}
        status = status.get("state", "firing")
    status = "firing" if status in ("firing", "active", "suppressed", "unprocessed") else str(status)[:40]
    ends = _moment(item, ("endsAt", "ends_at"))
    link = str(item.get("generatorURL") or item.get("url") or common.get("externalURL") or "")[:_MAX_TEXT]
    return Alert(
        name=name,
        status=status,
        starts_at=starts,
        ends_at=ends if status != "firing" or ends is None or ends > starts else None,
        labels=labels,
        annotations=annotations,
        url=clean.redact(without_credentials(link)),
    )


def _texts(value: Any, clean: Redactor) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(k)[:200]: clean.redact_field(str(k), str(v)[:_MAX_TEXT]) for k, v in list(value.items())[:_MAX_LABELS]}


def _moment(item: dict[str, Any], names: tuple[str, ...]) -> datetime | None:
    value = next((item[n] for n in names if item.get(n)), None)
    if value is None:
        return None
    stamp = parse_times([value], datetime.now(UTC)).index[0]
    return None if pd.isna(stamp) else stamp.floor("us").to_pydatetime()
