"""Metrics: series that moved, by how much and since when."""

from faultmaven_lib.analysis.metrics.analyzer import MetricAnalyzer

__all__ = ["MetricAnalyzer"]
