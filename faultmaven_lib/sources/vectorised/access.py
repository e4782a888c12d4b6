"""Access logs as columns: lines are split at their quotes, and each piece is held against a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.formats.web import ALIASES, APPENDED, FIELDS, SECONDS
from faultmaven_lib.sources.parts import Column, Part
from faultmaven_lib.sources.vectorised.texts import found, holding, printable

_FEW = 8
_SIGNATURES = 4
_HEAD = r"^[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]* \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] $"
_STATUS = r"^ \d{3} (?:\d{1,15}|-) ?$"
_REQUEST = r"^(?P<method>[A-Z]{3,10}) (?P<path>\S+) (?P<protocol>HTTP/[\d.]+)$"
_NUMBERS = r"(?: \d+\.\d+){1,3}"
_ADDRESSES = r"[0-9A-Fa-f.:]+(?:, ?[0-9A-Fa-f.:]+)*"
_KEY = re.compile(r" ([A-Za-z_][\w.-]{0,40})([=:])[^\s\"]+", re.ASCII)
_PIECES = {3: "common", 7: "combined", 9: "forwarded"}


def match_access(texts: Sequence[str], lines: pa.Array) -> list[Part]:
    """Return lines in the common and the combined format as columns; unusual ones are left out.

    The result is what ``formats.web.parse_access`` gives line by line.
    """
    # An escaped quote would be taken for one; other scripts have blanks that these patterns do not know.
    rows = np.flatnonzero(printable(lines) & ~holding(lines, "\\"))
    pieces = pc.split_pattern(lines if len(rows) == len(texts) else lines.take(pa.array(rows)), '"')
    sizes = pc.list_value_length(pieces).to_numpy(zero_copy_only=False)
    parts = []
    for size in _PIECES:
        same = np.flatnonzero(sizes == size)
        if len(same) >= _FEW:
            parts += _of_size(rows[same], pieces.take(pa.array(same)), size)
    return parts


def _of_size(rows: npt.NDArray[np.int64], pieces: pa.Array, size: int) -> list[Part]:
    def piece(number: int) -> pa.Array:
        return pc.list_element(pieces, number)

    head, request, status = piece(0), piece(1), piece(2)
    good = pc.and_(pc.match_substring_regex(head, _HEAD), pc.match_substring_regex(status, _STATUS))
    good = pc.and_(good, pc.match_substring_regex(request, _REQUEST))
    if size == 9:
        good = pc.and_(good, pc.and_(pc.equal(piece(6), " "), pc.equal(piece(8), "")))
        good = pc.and_(good, pc.match_substring_regex(piece(7), f"^(?:-|{_ADDRESSES})$"))
    if size > 3:
        good = pc.and_(good, pc.and_(pc.equal(piece(4), " "), pc.ends_with(status, " ")))
    else:
        good = pc.and_not(good, pc.ends_with(status, " "))
    kept = np.flatnonzero(found(good))
    if len(kept) < _FEW:
        return []
    if len(kept) < len(rows):
        return _of_size(rows[kept], pieces.take(pa.array(kept)), size)
    columns = _columns(head, request, status)
    if size > 3:
        columns["referer"], columns["agent"] = _told(piece(3)), _told(piece(5))
    if size == 9:
        columns["forwarded_for"] = _told(piece(7))
    part = Part(rows, columns)
    return _with_appended(part, piece(6)) if size == 7 else [part]


def _columns(head: pa.Array, request: pa.Array, status: pa.Array) -> dict[str, Column]:
    words = pc.split_pattern(head, " ", max_splits=3)
    code = pc.utf8_slice_codeunits(status, 1, 4)
    size = pc.utf8_trim(pc.utf8_slice_codeunits(status, 5), " ")
    asked = pc.split_pattern(request, " ")
    first = pc.utf8_slice_codeunits(code, 0, 1)
    level = pc.if_else(pc.equal(first, "5"), "ERROR", pc.if_else(pc.equal(first, "4"), "WARNING", "INFO"))
    return {
        "time": pc.utf8_slice_codeunits(head, -28, -2),
        "level": level.cast(pa.large_string()),
        "message": pc.binary_join_element_wise(request, code, pa.scalar(" ", pa.large_string())),
        "status": code.cast(pa.float64()),
        "client": pc.list_element(words, 0),
        "method": pc.list_element(asked, 0),
        "path": pc.list_element(asked, 1),
        "protocol": pc.list_element(asked, 2),
        "bytes": _told(size).cast(pa.float64()),
        "user": _told(pc.list_element(words, 2)),
    }


def _told(texts: pa.Array) -> pa.Array:
    """Return texts with the dash, and the empty one, as missing."""
    return pc.replace_with_mask(texts, pc.is_in(texts, _nothing()), pa.scalar(None, pa.large_string()))


@cache
def _nothing() -> pa.Array:
    return pa.array(["-", ""], pa.large_string())


def _with_appended(part: Part, rest: pa.Array) -> list[Part]:
    """Read what follows the agent: nothing, bare numbers, or pairs; lines with the same names together."""
    parts = []
    open_rows = np.arange(len(part.lines))
    for _ in range(_SIGNATURES):
        if len(open_rows) < _FEW:
            break
        texts = rest.take(pa.array(open_rows))
        pattern, names = _signature(texts[0].as_py())
        mask = pc.match_substring_regex(texts, pattern)
        hit = found(mask)
        if names is not None:
            keep = np.zeros(len(part.lines), dtype=bool)
            keep[open_rows[hit]] = True
            fields = pc.extract_regex(texts.filter(mask), pattern) if names else pa.nulls(0)
            chosen = part if keep.all() else part.where(keep)
            for place, name in enumerate(names):
                chosen.columns[name] = _value(name, fields.field(place))
            parts.append(chosen)
        open_rows = open_rows[~hit]
    return parts


def _signature(rest: str) -> tuple[str, list[str] | None]:
    """Return a pattern for what is appended like this, and the fields it holds; None if they are left out."""
    if not rest:
        return "^$", []
    if re.fullmatch(_NUMBERS, rest, re.ASCII):
        count = rest.count(" ")
        groups = "".join(rf" (?P<f{n}>\d+\.\d+)" for n in range(count))
        return f"^{groups}$", list(APPENDED[:count])
    keys = _KEY.findall(rest)
    if keys and not _KEY.sub("", rest) and len(keys) <= 20:
        names = [ALIASES.get(key, key) for key, _ in keys]
        groups = "".join(rf" {re.escape(k)}{sign}(?P<f{n}>[^\s\"]+)" for n, (k, sign) in enumerate(keys))
        known = len(set(names)) == len(names) and FIELDS.isdisjoint(names)
        return f"^{groups}$", names if known else None
    return f"^{re.escape(rest)}$", None


def _value(name: str, texts: pa.Array) -> Column:
    texts = _told(texts)
    if name in SECONDS:
        numeric = pc.match_substring_regex(texts, r"^(?:0|[1-9]\d{0,14})(?:\.\d{1,17})?$")
        if pc.all(numeric).as_py() is not False:
            return texts.cast(pa.float64())
        pairs = zip(texts.to_pylist(), numeric.to_pylist(), strict=True)
        return [float(text) if is_number else text for text, is_number in pairs]
    return texts
