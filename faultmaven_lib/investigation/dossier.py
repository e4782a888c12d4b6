"""Between the desk and the case: what is worked with, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from pydantic import ValidationError

from faultmaven_lib.evidence import Ledger, cited
from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.findings import COLUMNS, is_findings
from faultmaven_lib.fingerprint import fingerprint, normalised
from faultmaven_lib.model import Case, Finding, Source
from faultmaven_lib.query import Workspace
from faultmaven_lib.sources import connect
from faultmaven_lib.troubleshooting import Board

_SETTABLE = "title team severity status impact services times people action_items links postmortem retain_until".split()


def desk_of(case: Case, sources: dict[str, Source]) -> Workspace:
    """Lay out a case as a workspace."""
    return Workspace(
        sources=sources,
        window=case.window,
        baseline=case.baseline,
        graph=case.graph,
        alert=case.alert,
        ledger=Ledger(case.evidence),
        findings=list(case.findings),
        hypotheses=Board(case.hypotheses),
        checks=list(case.checks),
        recommendations=list(case.recommendations),
        steps=list(case.steps),
        claims=list(case.claims),
        case_id=case.id or None,
        analyzed=case.analyzed,
    )


def case_of(case: Case, desk: Workspace) -> Case:
    """Put what is on the desk into the case."""
    urls = {name: source.url for name, source in desk.sources.items() if source.url}
    return case.model_copy(
        update={
            "services": case.services or leading_services(desk),
            "sources": {**case.sources, **urls},
            "evidence": tuple(desk.ledger),
            "findings": tuple(desk.findings),
            "hypotheses": tuple(desk.hypotheses),
            "checks": tuple(desk.checks),
            "recommendations": tuple(desk.recommendations),
            "steps": tuple(desk.steps),
            "claims": tuple(desk.claims),
            "analyzed": desk.analyzed,
        }
    )


def leading_services(desk: Workspace) -> tuple[str, ...]:
    """Return the services that matter most: those of hypotheses, of the alert, of the strongest findings."""
    named = [h.service for h in desk.hypotheses if not h.only_proposed] + ([desk.alert.service] if desk.alert else [])
    moved = [f.service for f in sorted(desk.findings, key=lambda f: -f.score)]
    return tuple(dict.fromkeys(s for s in [*named, *moved] if s))[:20]


def reconnected(urls: Mapping[str, str]) -> dict[str, Source]:
    """Connect the sources of a stored case that are still where they were.

    One that is gone is left out: ``verify`` says so, and all else works from what is stored.
    """
    found: dict[str, Source] = {}
    for name, url in urls.items():
        try:
            found[name] = connect(url, name=name)
        except FaultMavenError:
            continue
    return found


def enter(desk: Workspace, result: pd.DataFrame | str | Iterable[str], note: str = "") -> list[str]:
    """Enter a result into the ledger, or find it there; return the ids of its evidence."""
    if isinstance(result, str):
        return [desk.ledger[result].id]
    if not isinstance(result, pd.DataFrame):
        return [desk.ledger[one].id for one in result]
    if is_findings(result):
        desk.keep(result)
        return list(cited(result))
    digest = fingerprint(normalised(result))
    parents = [i for i in cited(result) if i in desk.ledger]
    same = [i for i in parents if desk.ledger[i].sha256 == digest]
    if same:
        return same
    origin = f"worked by hand from {', '.join(parents)}" if parents else ""
    return [desk.ledger.keep(result, note="; ".join(filter(None, [note, origin])), cell=desk.cell).id]


def with_fields(case: Case, fields: Mapping[str, Any]) -> Case:
    """Set fields that people set.

    Raises
    ------
    FaultMavenError
        If a field is not one of them, or its value does not fit.
    """
    wrong = sorted(set(fields) - set(_SETTABLE))
    if wrong:
        raise FaultMavenError(f"{', '.join(wrong)} cannot be set; these can: {', '.join(_SETTABLE)}")
    try:
        return Case.model_validate({**dict(case), **fields})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise FaultMavenError(f"{place}: {first['msg']}; given: {first['input']!r}") from None


def shown_findings(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as people read them: one row each by id, the strongest first."""
    rows = [f.model_dump() | {"kind": f.kind.value, "evidence": " ".join(f.evidence)} for f in findings]
    frame = pd.DataFrame(rows, columns=["id", *(c for c in COLUMNS if c != "operation")])
    return frame.sort_values("score", ascending=False, kind="stable").set_index("id")
