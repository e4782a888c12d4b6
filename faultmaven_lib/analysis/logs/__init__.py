"""Logs: templates, and what differs between two windows."""

from faultmaven_lib.analysis.logs.analyzer import LogAnalyzer
from faultmaven_lib.analysis.logs.miner import TemplateMiner

__all__ = ["LogAnalyzer", "TemplateMiner"]
