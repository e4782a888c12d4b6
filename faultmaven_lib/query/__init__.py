"""Module 1, Adaptive Query Handler: understand the request, route it, assemble the Answer."""

from faultmaven_lib.query.advice import remembered_by
from faultmaven_lib.query.answers import ShownAnswer
from faultmaven_lib.query.handler import QueryHandler
from faultmaven_lib.query.operations import rerun
from faultmaven_lib.query.understand import Request, understand
from faultmaven_lib.query.workspace import Workspace

__all__ = ["QueryHandler", "Request", "ShownAnswer", "Workspace", "remembered_by", "rerun", "understand"]
