"""Module 3, AI Troubleshooting: hypotheses with evidence for and against, and what to do next."""

from faultmaven_lib.troubleshooting.board import Board
from faultmaven_lib.troubleshooting.holdings import Holdings
from faultmaven_lib.troubleshooting.measuring import failing, measure, outcome_of, seconds_of
from faultmaven_lib.troubleshooting.mechanisms import sentence
from faultmaven_lib.troubleshooting.milestones import milestones, progress, stuck
from faultmaven_lib.troubleshooting.probes import Reading
from faultmaven_lib.troubleshooting.references import Reference, alike, runbooks, sought
from faultmaven_lib.troubleshooting.separating import Asked, likelihood, separating
from faultmaven_lib.troubleshooting.troubleshooter import Troubleshooter

__all__ = [
    "Asked",
    "Board",
    "Holdings",
    "Reading",
    "Reference",
    "Troubleshooter",
    "alike",
    "failing",
    "likelihood",
    "measure",
    "milestones",
    "outcome_of",
    "progress",
    "runbooks",
    "seconds_of",
    "sentence",
    "separating",
    "sought",
    "stuck",
]
