"""A check in words: what its answers would say, and what the answer was."""

from __future__ import annotations

from faultmaven_lib.model import Check


def check_expected(check: Check) -> str:
    """Return in one sentence which outcome speaks for which hypothesis.

    Examples
    --------
    >>> check_expected(Check(question="…", hypotheses=("H1", "H2"), expected=("a yes speaks for H1", "a no for H2")))
    'A yes speaks for H1, a no for H2.'
    """
    told = ", ".join(check.expected)
    return f"{told[:1].upper()}{told[1:]}."


def check_answer(check: Check) -> str:
    """Return the answer of a check; empty while it is open.

    Examples
    --------
    >>> check_answer(Check(question="…", hypotheses=("H1", "H2"), expected=("…", "…"), outcome="yes",
    ...                    answer="The log of db has 9 such lines.", speaks_for="H1"))
    'Yes, which speaks for H1: The log of db has 9 such lines.'
    """
    if check.outcome == "open":
        return ""
    speaks = f", which speaks for {check.speaks_for}" if check.speaks_for else ""
    told = f": {check.answer}" if check.answer else "."
    return f"{check.outcome.capitalize()}{speaks}{told}"
