"""The postmortem: a case as one document, written only if its evidence carries every claim in it."""

from faultmaven_lib.render.postmortem.document import postmortem

__all__ = ["postmortem"]
