"""What an investigation holds, to be read: the case, the desk, the ledger."""

from __future__ import annotations

import sys

import pandas as pd

from faultmaven_lib.evidence import Ledger
from faultmaven_lib.investigation.dossier import case_of, shown_findings
from faultmaven_lib.model import Alert, Case, ServiceGraph, Source, Window
from faultmaven_lib.query import Workspace


class Holding:
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
