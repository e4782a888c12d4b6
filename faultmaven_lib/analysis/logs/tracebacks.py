"""One line for a record of many: what was logged, and the exception that was raised; and where it was raised."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PYTHON = "Traceback (most recent call last):"
_JAVA = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_FRAME = re.compile(r"^\s+(at |\.\.\. \d+ more)", re.MULTILINE)
_CARETS = re.compile(r"^\s*[~^]+\s*$")
FIELDS = frozenset(
    "error err exc exc_info exception stack stack_trace stacktrace traceback error.stack error.stack_trace "
    "exception.stacktrace error_stack".split()
)
"""Names of the fields in which structured loggers put a traceback."""


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


def holds_traceback(text: str) -> bool:
    """Whether a text holds frames of a stack."""
    return _PYTHON in text or ("\n" in text and _FRAME.search(text) is not None)


def shortened(message: str, bound: int) -> str:
    r"""Return a message with a traceback as a reader needs it: what was raised, and the frames where it was.

    Frames of servers and frameworks come between; other messages are returned as they are.

    Examples
    --------
    >>> shortened('no stock\nTraceback (most recent call last):\n  File "web.py", line 9, in call\n    run()\n'
    ...           '  File "a.py", line 3, in buy\n    take(shelf)\nKeyError: 7', 80)
    'no stock: KeyError: 7\n  File "a.py", line 3, in buy\n    take(shelf)'
    """
    if len(message) <= bound or not holds_traceback(message):
        return message
    kept = headline(message)
    for frame in _nearest(message):
        if len(kept) + len(frame) + 1 > bound:
            break
        kept += f"\n{frame}"
    return kept


def _nearest(message: str) -> Iterator[str]:
    """Yield the frames of the exception that was raised in the end, the one it was raised in first."""
    if _PYTHON in message:
        frames: list[str] = []
        for line in message.rpartition(_PYTHON)[2].split("\n"):
            if line.startswith("  File "):
                frames.append(line)
            elif frames and line[:1].isspace() and not _CARETS.match(line):
                frames[-1] += f"\n{line}"
        yield from reversed(frames)
    else:
        causes = [match.end() for match in _JAVA.finditer(message)]
        rest = message[causes[-1] if causes else 0 :]
        yield from (line for line in rest.split("\n") if _FRAME.match(line))
