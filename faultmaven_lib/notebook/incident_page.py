"""The numbers of ``incident_metrics`` as HTML for the dashboard; every text from a case is escaped by the templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from faultmaven_lib.notebook.incident_metrics import (
    FEW,
    SEVERITIES,
    Breakdown,
    Excluded,
    Group,
    Measure,
    Overview,
    repeat_groups,
)
from faultmaven_lib.render import count, in_words, severity_html, visible
from faultmaven_lib.render.templating import render

_PACKAGE = "faultmaven_lib.notebook"
_GROUPS_SHOWN = 8
_ROWS_SHOWN = 200
_NOTHING = {
    "severity": "No incident in this period.",
    "service": "No incident of this period names a service.",
    "cause": "Nobody has confirmed a cause in this period yet.",
}


def overview_html(overview: Overview, scope: str) -> str:
    """Return the numbers of a period, each with its definition, exclusions and incidents.

    Parameters
    ----------
    overview
        The numbers.
    scope
        Which period, team and store they are about, in words.
    """
    measures = [_measure(measure, overview) for measure in overview.measures]
    repeated = {group.label for group in repeat_groups(overview)}
    breakdowns = [_breakdown(part, repeated) for part in overview.breakdowns]
    return render(
        "overview.html.j2",
        _PACKAGE,
        scope=scope,
        measures=measures,
        breakdowns=breakdowns,
        case_link=case_link,
        severity=severity,
    )


def lists_html(overview: Overview) -> str:
    """Return the open action items and the table of incidents."""
    frame = overview.frame
    rows = [_row(row, overview) for row in frame.head(_ROWS_SHOWN).to_dict("records")]
    hidden = len(frame) - len(rows)
    return render(
        "lists.html.j2",
        _PACKAGE,
        actions=overview.actions,
        rows=rows,
        more=f"{count(hidden, 'older incident')} not in this table: choose a shorter period." if hidden else "",
        team=overview.team,
        case_link=case_link,
        severity=severity,
    )


def empty_html(place: str) -> str:
    """Return the page of a store without cases: what to do first."""
    return render(
        "state.html.j2",
        _PACKAGE,
        problem=False,
        title="No incidents yet",
        text="This dashboard reads saved investigations, and the store holds none.",
        invitation="Save one from a notebook with inv.save(), from the command line, or try the recorded incident:",
        commands="faultmaven demo\nfaultmaven investigate app.log --save",
        place=place,
    )


def problem_html(problem: Exception, place: str) -> str:
    """Return the page of a store that cannot be read: what is wrong and how to mend it."""
    return render(
        "state.html.j2",
        _PACKAGE,
        problem=True,
        title="The store cannot be read",
        text=str(problem),
        invitation="If the schema is older than the package:",
        commands="faultmaven db upgrade",
        place=place,
    )


def case_link(case_id: str) -> Markup:
    """Return the link that opens an incident on this page, and that can be sent to somebody.

    Examples
    --------
    >>> print(case_link("INC-7"))
    <a href="?case=INC-7#incident" data-case="INC-7">INC-7</a>
    """
    link = Markup('<a href="?case={}#incident" data-case="{}">{}</a>')
    return link.format(quote(case_id, safe=""), case_id, visible(case_id))


def severity(name: str) -> Markup:
    """Return the mark of a severity; one that is not in the list, as a store can hold, as text."""
    return Markup(severity_html(name)) if name in SEVERITIES else Markup.escape(visible(name))  # type: ignore[arg-type]  # noqa: S704


def compared(measure: Measure, before: Mapping[Any, Measure], length: timedelta) -> str:
    """Return a measure's value in the equal period before, with a warning where both rest on little."""
    then = f"the {in_words(length)} before"
    other = before.get(measure.key)
    if measure.key == "actions":
        return ""
    if other is None:
        return f"No incident in {then}."
    if measure.unit == "s":
        if other.value is None:
            return f"Not known for {then}."
        few = " Too few to compare." if min(len(measure.cases), len(other.cases)) < FEW else ""
        return f"{_shown(other)} in {then} ({count(len(other.cases), 'incident')}).{few}"
    return f"{_shown(other)} in {then}."


def _measure(measure: Measure, overview: Overview) -> dict[str, Any]:
    beside = [compared(measure, overview.before, overview.period.length)]
    if measure.median is not None and len(measure.each) > 1:
        beside.insert(0, f"Median {in_words(timedelta(seconds=measure.median))}.")
    if measure.key == "actions":
        late = sum(action.overdue for action in overview.actions)
        beside.insert(0, f"{late} overdue." if late else "None overdue.")
    if measure.key == "repeats" and measure.value:
        groups = repeat_groups(overview)
        named = [f"{group.label} ({len(group.cases)})" for group in groups[:2]]
        named += [f"{len(groups) - 2} more"] if len(groups) > 2 else []
        beside.insert(0, "; ".join(named) + ".")
    return {
        "key": measure.key,
        "name": measure.name,
        "value": measure.value,
        "shown": _shown(measure),
        "beside": " ".join(part for part in beside if part),
        "definition": measure.definition,
        "cases": measure.cases,
        "excluded": measure.excluded,
    }


def _shown(measure: Measure) -> str:
    if measure.value is None:
        return "not known"
    return in_words(timedelta(seconds=measure.value)) if measure.unit == "s" else f"{measure.value:,.0f}"


def _breakdown(part: Breakdown, repeated: set[str]) -> dict[str, Any]:
    most = max((len(group.cases) for group in part.groups), default=0)
    shown: tuple[Group, ...] = part.groups if any(group.cases for group in part.groups) else ()
    hidden = shown[_GROUPS_SHOWN:]
    excluded: tuple[Excluded, ...] = part.excluded
    rows = [
        {
            "label": group.label,
            "cases": group.cases,
            "part": round(len(group.cases) / most, 3) if most else 0,
            "again": part.key == "cause" and group.label in repeated,
        }
        for group in shown[:_GROUPS_SHOWN]
    ]
    return {
        "key": part.key,
        "name": part.name,
        "definition": part.definition,
        "rows": rows,
        "more": f"and {count(len(hidden), 'more', 'more')}" if hidden else "",
        "nothing": _NOTHING[part.key],
        "excluded": excluded,
    }


def _row(row: dict[Any, Any], overview: Overview) -> dict[str, Any]:
    held = {name: str(row[name]) for name in ("id", "title", "severity", "status", "services", "cause")}
    times = {
        key: in_words(timedelta(seconds=value)) if (value := overview[key].each.get(row["id"])) is not None else "–"
        for key in ("acknowledge", "resolve")
    }
    return held | times | {"began": pd.Timestamp(row["began"]).to_pydatetime()}
