"""Run an analysis again from what the ledger keeps of it: its operation and its parents' frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from faultmaven_lib.exceptions import NotRerunnable
from faultmaven_lib.model import Operation, Window


def compute(operation: Operation, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Apply a stored operation to the frames it was applied to.

    Parameters
    ----------
    operation
        As ``findings_frame`` keeps it.
    frames
        The baseline and the incident, in this order; of several baselines each.

    Returns
    -------
    DataFrame
        The findings: equal to those that were recorded if the frames are.

    Raises
    ------
    NotRerunnable
        If this version does not know the operation, or another version of it, or there are too few or too many
        frames.

    Examples
    --------
    >>> from faultmaven_lib.analysis import MetricAnalyzer
    >>> healthy = pd.DataFrame({("api", "errors"): [1.0, 2.0] * 20})
    >>> failing = pd.DataFrame({("api", "errors"): [50.0] * 40})
    >>> found = MetricAnalyzer().fit(healthy).compare(failing)
    >>> again = compute(Operation.model_validate_json(found["operation"][0]), [healthy, failing])
    >>> again.equals(found)
    True
    """
    parameters: dict[str, Any] = dict(operation.parameters)
    baselines = parameters.pop("baselines", 1)
    if len(frames) != baselines + 1:
        wanted = "two frames, baseline and incident" if baselines == 1 else f"{baselines} baselines and an incident"
        raise NotRerunnable(f"{operation.name} compares {wanted}; {len(frames)} were given")
    before = _windows(parameters.pop("baseline_window", None))
    after = _windows(parameters.pop("incident_window", None))
    calm = frames[0] if baselines == 1 else list(frames[:-1])
    analyzer = _analyzer(operation, parameters).fit(calm, baseline_window=before)
    result: pd.DataFrame = analyzer.compare(frames[-1], incident_window=after)
    return result


def _windows(text: str | list[str | None] | None) -> Any:
    """Return the window that was written, or the windows of several baselines."""
    if isinstance(text, list):
        return [_windows(one) for one in text]
    return Window.parse(text) if text else None


def _analyzer(operation: Operation, parameters: dict[str, Any]) -> Any:
    from faultmaven_lib.analysis.logs import LogAnalyzer
    from faultmaven_lib.analysis.logs import analyzer as logs
    from faultmaven_lib.analysis.metrics import MetricAnalyzer
    from faultmaven_lib.analysis.metrics import analyzer as metrics
    from faultmaven_lib.analysis.traces import TraceAnalyzer
    from faultmaven_lib.analysis.traces import analyzer as traces

    known: dict[tuple[str, int], Any] = {
        ("logs.compare", logs.VERSION): LogAnalyzer,
        ("metrics.compare", metrics.VERSION): MetricAnalyzer,
        ("traces.compare", traces.VERSION): TraceAnalyzer,
    }
    made_by = known.get((operation.name, operation.version))
    if made_by is None:
        names = ", ".join(f"{name} version {version}" for name, version in known)
        raise NotRerunnable(
            f"{operation.name} version {operation.version} is not an analysis of this version of FaultMaven, "
            f"which has {names}: verify it with the version that recorded it"
        )
    return made_by(**parameters)
