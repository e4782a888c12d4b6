"""Run the whole investigation on a recording, and keep what it said before anybody looks at the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import pandas as pd

from faultmaven_lib.backtest.baselines import by_z_score
from faultmaven_lib.datasets import load_incident
from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.investigation import Investigation
from faultmaven_lib.model import Hypothesis
from faultmaven_lib.render import clip, one_line

_NOWHERE = "sqlite://"
"""A store of its own for every investigation, in memory and empty: no past case can help."""


@dataclass
class Said:
    """What an investigation said of an incident, before anybody looks at the truth."""

    hypotheses: tuple[Hypothesis, ...] = ()
    ranked: tuple[str, ...] = ()
    """Services of the ranking that the hypotheses were argued from."""
    changes: tuple[str, ...] = ()
    """The changes that the first hypothesis and the first of the ranking name."""
    seconds: float = 0.0
    error: str = ""
    services: tuple[str, ...] = ()
    z_ranking: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def investigate(recording: Path) -> Said:
    """Investigate a recording and return what was said of it; an error is part of that."""
    said = Said()
    began = perf_counter()
    inv: Investigation | None = None
    try:
        inv = Investigation.from_incident(load_incident(recording), database_url=_NOWHERE)
        answer = inv.analyze()
        said.seconds = perf_counter() - began
        said.hypotheses = answer.hypotheses
        ranking = _ranking(inv)
        said.ranked = tuple(ranking["service"].astype(str)) if "service" in ranking else ()
        first = [*(h.change for h in answer.hypotheses[:1]), *_texts(ranking, "change")[:1]]
        said.changes = tuple(dict.fromkeys(change for change in first if change))
    except Exception as error:  # noqa: BLE001 (whatever breaks is counted, and shown)
        said.seconds = perf_counter() - began
        said.error = told(error)
    if inv is not None:
        _look_around(inv, said)
        inv.knowledge.close()
        inv.store.close()
    return said


def _ranking(inv: Investigation) -> pd.DataFrame:
    entries = [e for e in inv.evidence if e.operation is not None and e.operation.name == "root_cause.rank"]
    return entries[-1].frame if entries else pd.DataFrame()


def _look_around(inv: Investigation, said: Said) -> None:
    """Gather what the baselines rank; where it cannot be read they have nothing to say either."""
    try:
        scores = dict(_z_scores(inv))
        said.z_ranking = tuple(sorted(scores, key=lambda service: (-scores[service], service)))
        names = set(scores) | set(inv.graph.services if inv.graph else ())
        names |= {inv.alert.service} if inv.alert else set()
        for entry in inv.evidence:
            if entry.kind == "query" and "service" in entry.columns and "message" in entry.columns:
                names |= set(entry.frame["service"].dropna().astype(str))
        said.services = tuple(sorted(names - {""}))
    except Exception as error:  # noqa: BLE001 (a broken source is no reason to stop)
        said.notes.append(told(error))


def _z_scores(inv: Investigation) -> Iterator[tuple[str, float]]:
    best: dict[str, float] = {}
    for source in inv.sources.values():
        if source.kind == "metrics":
            found = by_z_score(source.query("", inv.baseline), source.query("", inv.window))
            best |= {service: max(score, best.get(service, 0.0)) for service, score in found.items() if service}
    yield from best.items()


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    return frame[column].astype(str).tolist() if column in frame else []


def told(error: Exception) -> str:
    """Return an error in one line."""
    lines = str(error).strip().splitlines() or [""]
    name = "" if isinstance(error, FaultMavenError) else f"{type(error).__name__}: "
    return clip(one_line(f"{name}{lines[0]}").removesuffix(": "), 300)
