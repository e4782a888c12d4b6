"""logfmt as columns: lines with the same names in the same order are read together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.formats.structured import MAX_FIELDS, PAIR, arranged
from faultmaven_lib.sources.parts import Column, Part
from faultmaven_lib.sources.vectorised.texts import found, holding, printable

_FEW = 32
_SIGNATURES = 16


def match_logfmt(texts: Sequence[str], lines: pa.Array) -> list[Part]:
    """Return lines of ``key=value`` alone, as ``formats.structured.parse_logfmt`` reads them."""
    rows = np.flatnonzero(printable(lines) & ~holding(lines, "\\"))
    parts = []
    for _ in range(_SIGNATURES):
        if len(rows) < _FEW:
            break
        # Of three lines, the one in the middle: what starts a file is seldom what it holds.
        first = texts[int(rows[len(rows) // 2])]
        names = _names(first)
        if names is None:
            rows = np.delete(rows, len(rows) // 2)
            continue
        left = lines.take(pa.array(rows))
        groups = pc.extract_regex(left, _expression(names))
        hit = groups.is_valid().to_numpy(zero_copy_only=False)
        values = groups.filter(pa.array(hit))
        fields = {name: _bare(values.field(place)) for place, name in enumerate(names)}
        columns: dict[str, Column] = {role: fields[name] for role, name in arranged({n: n for n in names}).items()}
        if "message" not in columns:
            columns["message"] = left.filter(pa.array(hit))
        parts.append(Part(rows[hit], columns))
        rows = rows[~hit]
    return parts


@lru_cache(maxsize=256)
def _expression(names: tuple[str, ...]) -> str:
    pairs = (rf"{re.escape(name)}=(?P<f{n}>\"[^\"]*\"|[^\s\"]*)" for n, name in enumerate(names))
    return f"^{' '.join(pairs)}$"


def _names(line: str) -> tuple[str, ...] | None:
    """Return the names of a line that is nothing but pairs with one blank between, or None for another one."""
    pairs = PAIR.findall(line)
    names = tuple(name for name, _ in pairs)
    whole = " ".join(f"{name}={value}" for name, value in pairs) == line
    return names if whole and 2 <= len(names) <= MAX_FIELDS and len(set(names)) == len(names) else None


def _bare(texts: pa.Array) -> pa.Array:
    """Take the quotes off."""
    quoted = pc.starts_with(texts, '"')
    if not found(quoted).any():
        return texts
    return pc.if_else(quoted, pc.utf8_slice_codeunits(texts, 1, -1), texts)
