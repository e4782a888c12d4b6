"""The claim check: a sentence stands only if the evidence it cites carries it."""

from faultmaven_lib.claims.check import ClaimChecker, check

__all__ = ["ClaimChecker", "check"]
