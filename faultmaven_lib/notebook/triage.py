"""What the guided triage needs so that its cells stay short: begin, look across both windows, show."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from faultmaven_lib.datasets import load_incident
from faultmaven_lib.exceptions import MissingExtra, SourceError
from faultmaven_lib.investigation import Investigation
from faultmaven_lib.model import SourceKind, Verification, Window
from faultmaven_lib.query import QueryHandler
from faultmaven_lib.render import evidence_html, findings_html, hypotheses_html, in_words, verification_html
from faultmaven_lib.render.tables import first_rows
from faultmaven_lib.render.templating import render
from faultmaven_lib.sources import connect

if TYPE_CHECKING:
    from IPython.display import HTML

_LOOKBACK = timedelta(hours=24)
"""How far before the incident a change is still worth knowing."""
_KINDS: dict[SourceKind, tuple[str, ...]] = {
    "logs": ("new template", "gone template", "surge", "dip"),
    "metrics": ("level shift", "spike", "trend", "variance change", "flat line", "missing", "value shift"),
}


def begin(
    *,
    incident: str = "",
    alert: str = "",
    logs: str = "",
    metrics: str = "",
    changes: str = "",
    window: str = "",
    baseline: str = "",
) -> Investigation:
    """Begin an investigation from the parameters of a notebook, all of them texts.

    Parameters
    ----------
    incident
        A recorded incident: used when neither an alert nor data of one's own is named.
    alert
        A file as Alertmanager posts it.
    logs, metrics, changes
        Paths, globs or URLs, as ``connect`` takes them.
    window
        ``start/end`` of the incident, ``start/duration``, or the moment it began; default: what the alert says,
        else looked for in the data.
    baseline
        What to compare with; default: the equal span before.

    Raises
    ------
    SourceError
        If nothing is named, or cannot be read.

    Examples
    --------
    >>> begin(incident="checkout-stall").alert.name
    'CheckoutLatencyHigh'
    """
    given: dict[SourceKind, str] = {"logs": logs, "metrics": metrics, "changes": changes}
    sources: dict[str, Any] = {kind: connect(where, kind=kind, name=kind) for kind, where in given.items() if where}
    span, before = _span(window), Window.parse(baseline) if baseline else None
    if alert:
        return Investigation.from_alert(alert, sources, window=span, baseline=before)
    if sources:
        desk = QueryHandler().open(sources, span, before)
        named = ", ".join(where for where in (logs, metrics) if where)
        return Investigation(f"What happened in {named or changes}?", desk.window, desk.baseline, sources)
    if not incident:
        raise SourceError("there is nothing to look at: name logs, metrics or an alert in the parameters")
    return Investigation.from_incident(load_incident(incident))


def _span(window: str) -> Window | None:
    if not window:
        return None
    return Window.parse(window if "/" in window else f"{window}/15m")


def named(inv: Investigation, kind: SourceKind) -> list[str]:
    """Return the names of an investigation's sources of a kind."""
    return [name for name, source in inv.sources.items() if source.kind == kind]


def across(inv: Investigation, kind: SourceKind, text: str = "") -> pd.DataFrame:
    """Return what all sources of a kind hold over the baseline and the incident, in order, recorded as evidence.

    Of changes also those of the day before. Without such a source the frame is empty.
    """
    windows = [inv.baseline, inv.window]
    if kind == "changes":
        start = min(w.start for w in windows) - _LOOKBACK
        windows = [Window(start=start, end=max(w.end for w in windows))]
    frames = [inv.query(name, text, window) for name in named(inv, kind) for window in windows]
    filled = [frame for frame in frames if not frame.empty]
    if not filled:
        return frames[0] if frames else pd.DataFrame()
    if kind == "changes":
        return pd.concat(filled, ignore_index=True).sort_values("time", ignore_index=True)
    # Two sources of metrics stand side by side, two windows of one source below each other.
    return pd.concat(filled).sort_index() if kind == "logs" else pd.concat(filled).groupby(level=0).first()


def of_kind(findings: pd.DataFrame, kind: SourceKind) -> pd.DataFrame:
    """Return the findings that come from logs, or from metrics."""
    return findings[findings["kind"].isin(_KINDS[kind])]


def onset(inv: Investigation) -> datetime | None:
    """Return when it began: the onset of the leading cause, else of the earliest finding; None if nothing has one."""
    argued = _argued(inv)
    leading = argued["onset"] if len(argued) else pd.Series(dtype=object)
    for onsets in (leading, inv.findings["onset"] if len(inv.findings) else leading):
        known = [at for at in onsets if isinstance(at, datetime) and not pd.isna(at)]
        if known:
            first = known[0] if onsets is leading else min(known)
            return pd.Timestamp(first).to_pydatetime()
    return None


def _argued(inv: Investigation) -> pd.DataFrame:
    """Return the hypotheses without those that a language model only proposed: these never lead."""
    return inv.hypotheses.loc[[h.id for h in inv.case().hypotheses if not h.only_proposed]]


def challenge(inv: Investigation) -> str:
    """Test the leading cause: did its service log errors at a like rate in the baseline? Then they speak against it.

    What is looked at is recorded as evidence, and added against the hypothesis where it contradicts it.

    Returns
    -------
    str
        What was found, in a sentence or two.
    """
    sources = named(inv, "logs")
    argued = _argued(inv)
    if not len(argued) or not sources:
        return "There is no cause to test, or there are no logs to test it on."
    leading = argued.iloc[0]
    service, cause = str(leading["service"]), str(leading.name)
    test = 'level~"(?i)^(error|fatal|critical)$"' + (f' service="{service}"' if service and '"' not in service else "")
    before = [inv.query(source, test, window=inv.baseline) for source in sources]
    during = [inv.query(source, test, window=inv.window) for source in sources]
    n_before, n_during = sum(map(len, before)), sum(map(len, during))
    told = f"{service or 'All services'} logged {n_before:,} errors in the baseline and {n_during:,} in the incident. "
    rates = n_before / inv.baseline.length.total_seconds(), n_during / inv.window.length.total_seconds()
    if n_before and rates[0] >= rates[1] / 2:
        for frame in before:
            inv.add(frame, contradicts=cause)
        return told + f"It was much like that before: recorded against {cause}."
    if n_during:
        return told + f"They came with the incident: nothing here speaks against {cause}."
    return told + f"Its log says nothing either way: look at what it waits for, and test {cause} on its metrics."


def html(fragment: str) -> HTML:
    """Return a fragment as an output of a cell.

    Raises
    ------
    MissingExtra
        If IPython is not installed.
    """
    try:
        from IPython.display import HTML as Output  # noqa: N811 (a class, not a constant)
    except ImportError:
        raise MissingExtra("A notebook", "notebook") from None
    return Output(fragment)  # type: ignore[no-untyped-call]


def show_incident(inv: Investigation) -> HTML:
    """Show what is known at the start: title, windows, sources."""
    sources = [{"name": name, "kind": s.kind, "url": s.url} for name, s in inv.sources.items()]
    return html(_part("begun", inv=inv, sources=sources))


def show_alert(inv: Investigation) -> HTML:
    """Show the alert, or that there was none."""
    return html(_part("alert", inv=inv))


def show_findings(inv: Investigation, kind: SourceKind, limit: int = 10) -> HTML:
    """Show the strongest findings from logs, or from metrics, with their evidence."""
    case = inv.case()
    kept = [finding for finding in case.findings if finding.kind.value in _KINDS[kind]]
    kept.sort(key=lambda finding: -finding.score)
    return html(findings_html(kept, case.evidence, limit=limit))


def show_lines(lines: pd.DataFrame, limit: int = 8) -> HTML:
    """Show the last log lines of a frame, each whole: time, service, level, message."""
    kept = [name for name in ("service", "level", "message") if name in lines.columns]
    preview = first_rows(lines[kept].tail(limit), limit)
    return html(_part("lines", preview=preview, total=len(lines)))


def show_changes(inv: Investigation, changes: pd.DataFrame) -> HTML:
    """Show change events, the latest first, and how long each was before the onset."""
    began = onset(inv)
    rows = []
    for row in changes.to_dict("records") if "time" in changes.columns else ():
        at = pd.Timestamp(row["time"]).to_pydatetime().astimezone(UTC)
        texts = {str(name): "" if _blank(value) else _joined(value) for name, value in row.items()}
        rows.append(texts | {"time": at, "before": _distance(at, began)})
    return html(_part("changes", rows=sorted(rows, key=lambda row: row["time"], reverse=True)))


def show_hypotheses(inv: Investigation) -> HTML:
    """Show the causes with what speaks for and against each."""
    case = inv.case()
    return html(hypotheses_html(case.hypotheses, case.evidence, case.findings))


def show_evidence(inv: Investigation) -> HTML:
    """Show the ledger: every query, source and window, and the first rows of what came back."""
    return html(evidence_html(inv.case().evidence, open_results=False))


def show_verification(inv: Investigation) -> HTML:
    """Run all evidence again and show what differs."""
    rows = inv.verify().reset_index().to_dict("records")
    done = [Verification.model_validate({str(k): v for k, v in row.items()}) for row in rows]
    return html(verification_html(done, inv.case().evidence))


def postmortem_path(inv: Investigation, output_dir: str = "") -> Path:
    """Return where the postmortem goes, the folder made if need be; by default beside the notebook.

    It is named after the case, or after its title while that is not saved.
    """
    folder = Path(output_dir or ".").expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    name = inv.id or re.sub(r"[^a-z0-9]+", "-", inv.title.lower()).strip("-")[:60] or "incident"
    return folder / f"{name}-postmortem.html"


def _part(part: str, **context: Any) -> str:
    return render("triage.html.j2", "faultmaven_lib.notebook", part=part, zone=None, **context)


def _distance(at: datetime, began: datetime | None) -> str:
    if began is None:
        return "–"
    return f"{in_words(began - at)} before" if at <= began else f"{in_words(at - began)} after"


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, float) and pd.isna(value))


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
