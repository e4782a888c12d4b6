"""Fields out of lines by one regular expression, for all lines at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.vectorised.texts import printable

Rows = npt.NDArray[np.int64]


def extracted(lines: pa.Array, expression: str) -> tuple[Rows, dict[str, pa.Array]]:
    """Return which lines match, and the groups of those by name.

    Parameters
    ----------
    lines
        Only those of printable ASCII are looked at.
    expression
        For RE2, from the start to the end of the line.
    """
    good = printable(lines)
    rows = np.arange(len(lines)) if good.all() else np.flatnonzero(good)
    groups = pc.extract_regex(lines if len(rows) == len(lines) else lines.take(pa.array(rows)), expression)
    if groups.null_count:
        matched = groups.is_valid()
        groups = groups.filter(matched)
        rows = rows[matched.to_numpy(zero_copy_only=False)]
    return rows, {f.name: groups.field(i) for i, f in enumerate(groups.type)}


def named(texts: pa.Array, *nothing: str) -> pa.Array:
    """Return texts with the empty one, and others that mean nothing, as missing."""
    empty = pc.is_in(texts, pa.array(["", *nothing], pa.large_string()))
    return pc.replace_with_mask(texts, empty, pa.scalar(None, pa.large_string()))
