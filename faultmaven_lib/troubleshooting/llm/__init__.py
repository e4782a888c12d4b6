"""The optional language model: it narrates and proposes, and code decides what of it is shown.

The deterministic answer is made first and stands alone. What a model adds goes through a gate that lets nothing pass
that is not held by evidence, and stays in a section marked as the model's own words. What was dropped is shown as such.
"""

from faultmaven_lib.troubleshooting.llm.gate import Gate
from faultmaven_lib.troubleshooting.llm.narrate import narrate
from faultmaven_lib.troubleshooting.llm.scope import Scope

__all__ = ["Gate", "Scope", "narrate"]
