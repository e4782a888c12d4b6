"""What stands behind the ``<*>`` of templates, as numbers and as categories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.logs.lines import Array
from faultmaven_lib.analysis.logs.miner import TemplateMiner
from faultmaven_lib.analysis.logs.numbers import Numbers, is_code, number_shifts
from faultmaven_lib.analysis.logs.values import AT, TEXT, Shift, Values, share_shifts

_NUMBER = r"^(-?\d+(?:\.\d+)?)([a-zA-Zµ%]{0,3})\.?$"


def parsed(miner: TemplateMiner, templates: Sequence[str], messages: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return the values in lines of some templates: a frame each, a column a place, and ``AT`` and ``TEXT``.

    Parameters
    ----------
    miner
        Knows the templates.
    templates
        Their ids.
    messages
        For each of them lines in order of time, columns ``AT`` and ``message``. What turns out to be of another
        template is left out.
    """
    if not messages:
        return []
    every = pd.concat(messages, ignore_index=True)
    ids, values = miner.parse(every["message"])
    ends = np.cumsum([len(m) for m in messages]).tolist()
    out = []
    for template, start, end in zip(templates, [0, *ends], ends, strict=False):
        rows = start + np.flatnonzero(ids[start:end] == template)
        places = pd.DataFrame([values[r] for r in rows.tolist()], index=rows, dtype="str")
        places.columns = [f"value {place}" for place in range(1, len(places.columns) + 1)]
        out.append(places.assign(**{AT: every[AT].iloc[rows].to_numpy(), TEXT: every["message"].iloc[rows].array}))
    return out


def place_shifts(before: pd.DataFrame, after: pd.DataFrame, min_ratio: float) -> Iterator[Shift]:
    """Compare what stands in the places of one template in two windows, as ``parsed`` returns it."""
    told = {AT, TEXT}
    numbers: list[dict[str, Array]] = [{}, {}]
    for place in [name for name in before.columns if name not in told and name in after.columns]:
        # Numbers come with their unit attached ("12ms", "3.4s,"): what precedes it counts if the unit stays.
        parts = [x[place].str.extract(_NUMBER) for x in (before, after)]
        units = {unit for part in parts for unit in part[1].unique()}
        if all(part[0].notna().all() for part in parts) and len(units) == 1:
            figures = [pd.to_numeric(part[0]).to_numpy(dtype="float64") for part in parts]
            if not is_code(figures[0]):
                name = f"{place} ({units.pop()})" if units != {""} else str(place)
                for side, column in zip(numbers, figures, strict=True):
                    side[name] = column
                continue
        was, now = (_categories(x, str(place)) for x in (before, after))
        yield from share_shifts(str(place), was, now, min_ratio)
    a, b = (
        Numbers(x[AT].to_numpy(), x[TEXT].tolist(), np.zeros(len(x), np.int64), side)
        for side, x in zip(numbers, (before, after), strict=True)
    )
    yield from number_shifts(a, b, min_ratio)


def _categories(lines: pd.DataFrame, place: str) -> Values:
    codes, values = pd.factorize(lines[place])
    at: Array = lines[AT].to_numpy()
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(values)))
    pieces = np.split(order, ends[:-1]) if len(values) else []
    moments = {}
    examples = {}
    for value, rows in zip(values.tolist(), pieces, strict=True):
        moments[value] = np.unique(at[rows], return_counts=True)
        examples[value] = str(lines[TEXT].iat[int(rows[0])])
    return Values(moments, examples)
