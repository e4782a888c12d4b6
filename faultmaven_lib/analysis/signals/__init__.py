"""The series behind findings: metrics, templates and calls, followed on one grid of time."""

from faultmaven_lib.analysis.signals.series import KEY, signal_series

__all__ = ["KEY", "signal_series"]
