"""One incident: what users hold, what it verifies, what it keeps."""

from faultmaven_lib.investigation.asking import ask
from faultmaven_lib.investigation.investigation import Investigation

__all__ = ["Investigation", "ask"]
