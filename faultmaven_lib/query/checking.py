"""Tell the leading hypothesis from its alternatives: put the question that separates them to the connected sources."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from faultmaven_lib.evidence import cited
from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.model import Check, Evidence, Hypothesis, Operation, Window
from faultmaven_lib.query.workspace import Workspace
from faultmaven_lib.troubleshooting import (
    Asked,
    Holdings,
    Reading,
    failing,
    likelihood,
    measure,
    outcome_of,
    seconds_of,
    separating,
)

OPERATION = "check.measure"
_MOST = 2
"""Alternatives that the leader is told apart from: each takes queries."""
_TELLS = 2.0
"""An answer speaks for one of two where that one makes it so many times as likely."""


def holdings(desk: Workspace) -> Holdings:
    """Return what the connected sources hold, by what was read of them."""
    logs: dict[str, set[str]] = {}
    metrics: dict[str, dict[tuple[str, str], None]] = {}
    traces: dict[str, set[str]] = {}
    for entry in desk.ledger:
        if entry.kind != "query" or entry.query or entry.source not in desk.sources:
            continue
        kind = desk.sources[entry.source].kind
        if kind == "metrics":
            series = metrics.setdefault(entry.source, {})
            series |= {(str(c[0]), "_".join(map(str, c[1:]))): None for c in _pairs(entry.frame)}
        elif kind == "logs" and "service" in entry.columns:
            logs.setdefault(entry.source, set()).update(entry.frame["service"].dropna().astype(str))
        elif kind == "traces" and "service" in entry.columns:
            traces.setdefault(entry.source, set()).update(entry.frame["service"].dropna().astype(str))
    graph = desk.known_graph()
    called = set(graph.services) if graph else set()
    return Holdings(
        logs={name: frozenset(services) for name, services in logs.items()},
        metrics={name: tuple(series) for name, series in metrics.items()},
        # Who is called by others is in their spans, though it may send none itself.
        traces={name: frozenset(services | called) for name, services in traces.items()},
        changes=bool(desk.of_kind("changes")),
        graph=graph is not None,
        languages={name: "promql" for name, s in desk.sources.items() if s.url.startswith("prometheus")},
    )


def _pairs(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(frame.columns) if isinstance(frame.columns, pd.MultiIndex) else []


class Checker:
    """Asks what separates hypotheses; whatever it reads lands in the ledger.

    Parameters
    ----------
    desk
        Where the incident is worked on.
    window, baseline
        What is compared with what.
    """

    def __init__(self, desk: Workspace, window: Window, baseline: Window) -> None:
        self.desk, self.window, self.baseline = desk, window, baseline
        self._held = holdings(desk)
        self._known: dict[Asked, Evidence] = {}

    def run(self, hypotheses: Sequence[Hypothesis]) -> list[Check]:
        """Return a check for each alternative to the first hypothesis, answered where the data at hand does.

        What an answer says is entered for the one hypothesis and against the other. It does not change who leads: a
        lead is argued from many signs, a check is one of them, and on recordings letting it lead was wrong more often
        than right.
        """
        checks = []
        for other in hypotheses[1 : 1 + _MOST]:
            check, asked = separating(hypotheses[0], other, self._held)
            if asked is not None:
                check = self._answered(check, asked, hypotheses[0], other)
            checks.append(check)
        return checks

    def _answered(self, check: Check, asked: Asked, leader: Hypothesis, other: Hypothesis) -> Check:
        try:
            entry = self._known[asked] if asked in self._known else self._measured(asked)
        except FaultMavenError as error:
            self.desk.missing.append(f'"{check.question}" could not be answered: {error}')
            return check
        self._known[asked] = entry
        outcome, told = outcome_of(entry.frame)
        update = {"outcome": outcome, "answer": told, "evidence": (entry.id,)}
        first, second = (_foretold(asked, h, outcome) for h in (leader, other))
        if outcome != "unclear" and max(first, second) >= _TELLS * min(first, second):
            winner, loser = (leader, other) if first > second else (other, leader)
            update["speaks_for"] = winner.id
            board = self.desk.hypotheses
            for held, side in ((winner, "supports"), (loser, "contradicts")):
                if entry.id not in getattr(board[held.id], side):
                    board.weigh(held.id, side, [entry.id], by="the check that tells them apart")  # type: ignore[arg-type]
        return check.model_copy(update=update)

    def _measured(self, asked: Asked) -> Evidence:
        roles: list[str] = []
        frames: list[pd.DataFrame] = []
        parents: list[str] = []

        def give(role: str, frame: pd.DataFrame, evidence: str) -> None:
            if evidence not in parents:
                roles.append(role)
                frames.append(frame)
                parents.append(evidence)

        parameters = {"mechanism": asked.mechanism.value, "service": asked.service}
        parameters["seconds"] = seconds_of(self.baseline, self.window)  # type: ignore[assignment]
        for number, reading in enumerate(asked.probe.readings):
            source = self._held.source_of(reading, asked.service)
            if not source or (reading.instead and roles):
                continue
            if reading.kind == "traces":
                for entry in self._compared_traces():
                    give(f"{number} findings", entry.frame, entry.id)
                continue
            text = self._held.query(reading, asked.service)
            for side, span in (("baseline", self.baseline), ("incident", self.window)):
                frame = self.desk.fetch(source, text, span)
                give(f"{number} {side}", frame, cited(frame)[0])
            if reading.kind == "logs" and reading.whose == "own":
                # What a service does not write into its log may stand in the status of the calls to it.
                for entry in self._failing_calls(reading, asked.service):
                    give(f"{number} findings", entry.frame, entry.id)
            answer = measure(frames, {**parameters, "roles": roles})
            if outcome_of(answer)[0] == "yes":
                break  # one yes is an answer
        parameters["roles"] = roles  # type: ignore[assignment]
        answer = measure(frames, parameters)
        return self.desk.derive(answer, parents, Operation(name=OPERATION, parameters=parameters))

    def _compared_traces(self) -> list[Evidence]:
        return [e for e in self.desk.ledger if e.operation is not None and e.operation.name == "traces.compare"]

    def _failing_calls(self, reading: Reading, service: str) -> list[Evidence]:
        compared = self._compared_traces()
        if not compared:
            return []
        # Whether a service passes a failure on shows in the findings of others: they are looked at together.
        findings = pd.concat([e.frame for e in compared], ignore_index=True)
        own = failing(findings, reading, service)
        return compared if len(own) else []


def _foretold(asked: Asked, hypothesis: Hypothesis, outcome: str) -> float:
    """Return how likely an answer is if a hypothesis is true."""
    yes = likelihood(asked, hypothesis)
    return yes if outcome == "yes" else 1.0 - yes
