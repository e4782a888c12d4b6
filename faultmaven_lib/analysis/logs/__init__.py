"""Logs: templates, and what differs between two windows."""

from faultmaven_lib.analysis.logs.analyzer import LogAnalyzer
from faultmaven_lib.analysis.logs.digests import Digest, digest
from faultmaven_lib.analysis.logs.miner import TemplateMiner
from faultmaven_lib.analysis.logs.scale_out import digest_files, mine_files

__all__ = ["Digest", "LogAnalyzer", "TemplateMiner", "digest", "digest_files", "mine_files"]
