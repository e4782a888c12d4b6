"""Messages of the shipped recordings, labelled by the statements that logged them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from faultmaven_lib.sources import connect

_ROOT = Path(__file__).resolve().parents[2]
_RECORDINGS = _ROOT / "faultmaven_lib" / "datasets" / "recordings"
_PLACE = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[srdfxi]")
_CALLS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


def statements() -> dict[str, re.Pattern[str]]:
    """Return the templates in the log statements of the recorded shop, and what their lines look like."""
    texts: dict[str, None] = {}
    for path in sorted((_ROOT / "tests" / "recorder" / "shop").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CALLS:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    texts[first.value] = None
    found = {}
    # Those that fix most come first: "payment of <*> failed twice" ahead of "payment of <*> failed: <*>".
    for text in sorted(texts, key=lambda text: -len(_PLACE.sub("", text))):
        pattern = ".+?".join(re.escape(piece) for piece in _PLACE.split(text))
        found[_PLACE.sub("<*>", text)] = re.compile(pattern)
    return found


def labelled_messages() -> Iterator[tuple[str, str]]:
    """Yield the first line of every message that one of the shop's statements logged, and its template."""
    known = statements()
    for folder in sorted(path for path in _RECORDINGS.iterdir() if path.is_dir()):
        for message in connect(str(folder / "logs" / "*.log.gz"), kind="logs").query()["message"]:
            line = str(message).partition("\n")[0]
            template = next((text for text, pattern in known.items() if pattern.fullmatch(line)), None)
            if template is not None:
                yield line, template
