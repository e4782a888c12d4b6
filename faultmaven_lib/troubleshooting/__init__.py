"""Module 3, AI Troubleshooting: hypotheses with evidence for and against, and what to do next."""

from faultmaven_lib.troubleshooting.board import Board
from faultmaven_lib.troubleshooting.troubleshooter import Troubleshooter, sentence

__all__ = ["Board", "Troubleshooter", "sentence"]
