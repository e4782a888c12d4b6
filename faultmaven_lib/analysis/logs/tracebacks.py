"""One line for a record of many: what was logged, and the exception that was raised."""

from __future__ import annotations

import re

_PYTHON = "Traceback (most recent call last):"
_JAVA = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_FRAME = re.compile(r"^\s+(at |\.\.\. \d+ more)", re.MULTILINE)


def headline(message: str) -> str:
    r"""Return the first line of a message and the exception it ends in; other messages as they are.

    Frames differ with the path to the same error, and hide it: a record with a traceback is one template for
    one message and one exception.

    Examples
    --------
    >>> headline('no stock\nTraceback (most recent call last):\n  File "a.py", line 3\n    buy()\nKeyError: 7')
    'no stock: KeyError: 7'
    >>> headline("first\nsecond")
    'first\nsecond'
    """
    if "\n" not in message:
        return message
    first, _, rest = message.partition("\n")
    if _PYTHON in message:
        head = "" if first.strip() == _PYTHON else first
        # The last traceback is the one that was not caught; behind its frames stands the exception.
        lines = message.rpartition(_PYTHON)[2].split("\n")[1:]
        raised = next((line for line in lines if line and not line[0].isspace()), "")
    elif _FRAME.search(rest):
        causes = _JAVA.findall(rest)
        head, raised = first, causes[-1] if causes else ""
    else:
        return message
    return ": ".join(part.strip() for part in (head, raised) if part.strip()) or first
