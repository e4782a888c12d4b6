"""What an investigation holds, to be read: the case, the desk, the ledger."""

from __future__ import annotations

import sys
from abc import ABC
from datetime import UTC, datetime

import pandas as pd

from faultmaven_lib.evidence import Ledger
from faultmaven_lib.investigation.dossier import case_of, shown_findings
from faultmaven_lib.model import Alert, AuditEntry, Case, ServiceGraph, Source, Window
from faultmaven_lib.query import Workspace
from faultmaven_lib.troubleshooting import milestones, progress, stuck


class Holding(ABC):
    """The reading half of an investigation."""

    _case: Case
    _desk: Workspace

    @property
    def id(self) -> str:
        """The id of the case; empty until it is saved."""
        return self._case.id

    @property
    def title(self) -> str:
        """What it is about."""
        return self._case.title

    @property
    def window(self) -> Window:
        """The window of the incident."""
        return self._case.window

    @property
    def baseline(self) -> Window:
        """What the window is compared with."""
        return self._case.baseline

    @property
    def alert(self) -> Alert | None:
        """The alert it began with, if any."""
        return self._case.alert

    @property
    def graph(self) -> ServiceGraph | None:
        """Who calls whom, if known."""
        return self._case.graph

    @property
    def sources(self) -> dict[str, Source]:
        """The connected sources by name."""
        return self._desk.sources

    @property
    def evidence(self) -> Ledger:
        """The ledger: ``inv.evidence["E1"]``, ``inv.evidence.frame()``."""
        return self._desk.ledger

    @property
    def findings(self) -> pd.DataFrame:
        """All findings, one row each, the strongest first."""
        return shown_findings(self._desk.findings)

    @property
    def hypotheses(self) -> pd.DataFrame:
        """The hypotheses: cause, service, mechanism, n_for, n_against, status, confidence, and the evidence."""
        return self._desk.hypotheses.frame()

    @property
    def milestones(self) -> pd.DataFrame:
        """How far the investigation is: by name ``reached, at, evidence, how``.

        ``how`` says by what a milestone was reached, or what would reach it; ``attrs["stuck"]`` says that the
        investigation is stuck, and is empty if it is not.
        """
        case = self.case()
        passed = milestones(case, self._audit())
        rows = [m.model_dump() | {"evidence": " ".join(m.evidence)} for m in passed]
        frame = pd.DataFrame(rows, columns=["name", "reached", "at", "evidence", "how"]).set_index("name")
        frame["at"] = pd.to_datetime(frame["at"], utc=True)
        frame.attrs["stuck"] = stuck(case, passed, now=datetime.now(UTC))
        return frame

    def _progress(self) -> str:
        case = self.case()
        return progress(case, milestones(case, self._audit()), now=datetime.now(UTC)) if self._desk.hypotheses else ""

    def _audit(self) -> list[AuditEntry]:
        """The audit log, as far as it can be read; an investigation that was never saved has none."""
        return []

    def case(self) -> Case:
        """Return the investigation as the noun that is stored."""
        return case_of(self._case, self._desk)

    def __repr__(self) -> str:
        return f"<Investigation {self.id or 'unsaved'}: {self.title!r}, {self.window}, {len(self.evidence)} evidence>"


def cell() -> str | None:
    """Return the notebook cell at work, if any."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return f"In [{running.execution_count}]" if running is not None else None
