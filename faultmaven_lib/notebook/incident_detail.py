"""One stored incident for those who did not work it: the answer, causes, time line, evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from faultmaven_lib.model import Case
from faultmaven_lib.notebook.incident_page import severity
from faultmaven_lib.notebook.timeline import timeline_chart
from faultmaven_lib.render import evidence_html, evidence_told, hypotheses_html, timeline, timeline_html
from faultmaven_lib.render.chronology import CLOCK, changes
from faultmaven_lib.render.templating import render

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_UTC = "UTC"
"""The reader's zone is put beside it in the browser, which knows it; the server does not."""


def detail_html(case: Case | None) -> str:
    """Return an incident as it is stored; None is the invitation to choose one."""
    if case is None:
        return render("incident.html.j2", "faultmaven_lib.notebook", case=None)
    return render(
        "incident.html.j2",
        "faultmaven_lib.notebook",
        case=case,
        headline=headline(case),
        cause=case.confirmed_cause,
        times=[(name.capitalize(), getattr(case.times, name)) for name in CLOCK],
        told=evidence_told(case.evidence),
        severity=severity,
        hypotheses=Markup(hypotheses_html(case.hypotheses, case.evidence, case.findings, zone=_UTC)),  # noqa: S704
    )


def record_html(case: Case) -> str:
    """Return what is on record about an incident: action items, time line, evidence."""
    return render(
        "record.html.j2",
        "faultmaven_lib.notebook",
        case=case,
        timeline=Markup(timeline_html(timeline(case), case.evidence, zone=_UTC)),  # noqa: S704
        evidence=Markup(evidence_html(case.evidence, open_results=False, zone=_UTC)),  # noqa: S704
    )


def headline(case: Case) -> str:
    """Return the one sentence that answers: the confirmed cause, else the first claim, else the leading cause."""
    if case.confirmed_cause is not None:
        cause = case.confirmed_cause
        return f"Confirmed: {cause.mechanism.phrase} in {cause.service}."
    if case.claims:
        return case.claims[0].text
    leading = [h for h in case.hypotheses if h.status.value != "refuted" and not h.only_proposed]
    if leading:
        return leading[0].cause
    return "Nothing stands out in what was compared." if case.analyzed else "The analysis has not been run yet."


def chart_of(case: Case) -> go.Figure:
    """Return what happened first in a stored case."""
    return timeline_chart(case.findings, changes_of(case), case.window, case.baseline)


def changes_of(case: Case) -> pd.DataFrame:
    """Return the change events among a case's evidence."""
    import pandas as pd

    rows = [(e.at, e.name, e.service, "", e.text) for e, _ in zip(changes(case.evidence), range(40), strict=False)]
    return pd.DataFrame(rows, columns=["time", "kind", "service", "version", "message"])
