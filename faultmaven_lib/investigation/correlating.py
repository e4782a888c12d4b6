"""What an investigation says of time and of calls: the time line, what moves together, how far trouble reaches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from faultmaven_lib.analysis import blast_radius, dependencies, move_together, signal_series, timeline
from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.investigation.holding import Holding
from faultmaven_lib.investigation.recorded import Kind, recorded
from faultmaven_lib.model import ServiceGraph


class Correlating(Holding):
    """The part of an investigation that puts things side by side."""

    def timeline(self, series: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return all that moved, the changes and the alert on one time line, after ``analyze``.

        Parameters
        ----------
        series
            What ``signals`` returned, to save reading large logs twice.

        Returns
        -------
        DataFrame
            One row a thing in the order of time, as ``faultmaven_lib.analysis.timeline`` describes it: ``since_onset``,
            the ``order`` as far as it can be told, which moved ``first``, and the ``group`` that moves together.
            ``plot_timeline(inv)`` of ``faultmaven_lib.notebook.charts`` draws it.
        """
        data = self._data("metrics", "spans") if series is not None else self._data()
        return timeline(
            self.findings,
            series=series,
            changes=recorded(self._desk, "changes"),
            alerts=[self.alert] if self.alert else [],
            onset=self.onset,
            window=self.window,
            **data,
        )

    def signals(self) -> pd.DataFrame:
        """Return the series behind the findings on one grid of time, columns (service, what, kind).

        See ``faultmaven_lib.analysis.signal_series``.
        """
        return signal_series(self.findings, **self._data())

    def move_together(self) -> pd.DataFrame:
        """Return what moves together: one row a member of a group, with its lag behind the leader.

        See ``faultmaven_lib.analysis.move_together``.
        """
        return move_together(self.findings, self.signals())

    def blast_radius(self, service: str = "") -> pd.DataFrame:
        """Return who depends on a service, how far away, and which of them show symptoms.

        Parameters
        ----------
        service
            Its name, or the id of a hypothesis; default: the leading cause.

        Returns
        -------
        DataFrame
            As ``faultmaven_lib.analysis.blast_radius`` describes it.

        Raises
        ------
        FaultMavenError
            If no graph is known, or the service is not in it.
        """
        return blast_radius(self._calls(), self._service(service), self._symptoms())

    def dependencies(self, service: str = "") -> pd.DataFrame:
        """Return on whom a service depends, how far away, and which of them show something.

        Parameters, result and errors are those of ``blast_radius``.
        """
        return dependencies(self._calls(), self._service(service), self._symptoms())

    @property
    def onset(self) -> datetime | None:
        """When it began: the onset of the leading cause; ``None`` while there is none."""
        leading = next(iter(self._desk.hypotheses.standing()), None)
        return leading.onset if leading is not None and isinstance(leading.onset, datetime) else None

    def _data(self, *names: str) -> dict[str, Any]:
        frames: dict[str, Kind] = {"logs": "logs", "metrics": "metrics", "spans": "traces"}
        data: dict[str, Any] = {name: recorded(self._desk, frames[name]) for name in names or frames}
        return data | {"services": self._desk.services()}

    def _symptoms(self) -> pd.DataFrame | None:
        """Return the findings; ``None`` where nothing was looked for, since then nobody can be said to be well."""
        return self.findings if self._desk.analyzed or self._desk.findings else None

    def _calls(self) -> ServiceGraph:
        graph = self._desk.known_graph()
        if graph is None:
            raise FaultMavenError(
                "who calls whom is not known: begin with graph=…, or connect traces and run analyze()"
            )
        return graph

    def _service(self, named: str) -> str:
        hypotheses = {h.id: h.service for h in self._desk.hypotheses}
        if named:
            return hypotheses.get(named, named)
        leading = next(iter(self._desk.hypotheses.standing()), None)
        if leading is None:
            raise FaultMavenError("no cause is known whose reach could be told: name a service")
        return leading.service
