"""Templates and values of log lines, followed on a grid."""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.logs.lines import Lines, is_number, read
from faultmaven_lib.analysis.logs.miner import TemplateMiner
from faultmaven_lib.analysis.moved import Moved
from faultmaven_lib.analysis.signals.grid import Array, Grid
from faultmaven_lib.analysis.wording import clean

_PLACE = "<*>"
_CUT = 300
"""Characters of a template that a finding is called by."""
_OF = re.compile(r"^value (\d+)(?: \([^()]*\))?(?:=(.*?))?$", re.DOTALL)
_NUMBER = re.compile(r"^-?\d+(?:\.\d+)?")


class LineSeries:
    """A frame of logs, asked by what moved."""

    def __init__(self, frame: pd.DataFrame | None) -> None:
        self._frame = frame

    def of(self, one: Moved, grid: Grid) -> Array | None:
        """Return lines a minute, a quantile or a share in percent; ``None`` if it is not about lines."""
        if one.side != "log" or self._frame is None or not len(self._frame):
            return None
        if one.kind == "value shift":
            return self._value(one, grid)
        rows = self._lines_of(one.service, one.what)
        if rows is None:
            return None
        counts = grid.count(self._at[rows]) * 60 / grid.step
        return np.where(self._covered(grid), counts, np.nan)

    @cached_property
    def _lines(self) -> Lines:
        return read(self._frame if self._frame is not None else pd.DataFrame())

    @cached_property
    def _at(self) -> Array:
        at = self._lines.at
        return at / 1e9 if at.dtype.kind == "i" else at

    @cached_property
    def _services(self) -> Array:
        return self._lines.services.to_numpy(dtype=object)

    @cached_property
    def _mined(self) -> tuple[TemplateMiner, Array, dict[str, list[str]]]:
        """The miner, the template of every line, and the ids of templates by how a finding calls them."""
        miner = TemplateMiner()
        ids = miner.fit_transform(self._lines.messages)
        named: dict[str, list[str]] = {}
        for template_id, text in miner.templates_["template"].items():
            named.setdefault(clean(str(text), _CUT), []).append(str(template_id))
        return miner, ids, named

    def _covered(self, grid: Grid) -> Array:
        """Return in which bins the log is there at all: a service that is silent logs, but nothing."""
        known = np.zeros(len(grid.numbers), dtype=bool)
        places = grid.places(self._at[[0, -1]])
        known[places[0] : places[1] + 1] = True
        return known

    def _lines_of(self, service: str, template: str) -> Array | None:
        """Return the rows of a service's template; ``None`` if the log has none."""
        _, ids, named = self._mined
        # Other lines beside these may have given a template another shape: those that fit it stand in.
        chosen = named.get(template) or [i for text, several in named.items() if _fits(template, text) for i in several]
        if not chosen:
            return None
        return np.flatnonzero(np.isin(ids, chosen) & (self._services == service))

    def _value(self, one: Moved, grid: Grid) -> Array | None:
        for name, column in self._lines.fields.items():
            field = clean(str(name), 80)
            of_field = one.what == field or one.what.startswith(f"{field}=")
            if of_field:
                own = np.flatnonzero((self._services == one.service) & column.notna().to_numpy())
                return _followed(one, grid, self._at[own], column.iloc[own], one.what[len(field) + 1 :])
        place, _, template = one.what.partition(" of ")
        found = _OF.match(place)
        rows = self._lines_of(one.service, template) if found else None
        if found is None or rows is None or not len(rows):
            return None
        _, values = self._mined[0].parse(self._lines.messages.iloc[rows])
        number = int(found[1]) - 1
        told = pd.Series([v[number] if number < len(v) else None for v in values], dtype=object)
        there = np.flatnonzero(told.notna())
        return _followed(one, grid, self._at[rows[there]], told.iloc[there], found[2] or "")


def _followed(one: Moved, grid: Grid, at: Array, values: pd.Series, value: str) -> Array | None:
    """Return the share of lines with a value, or the quantile of a number."""
    if not len(at):
        return None
    if value:
        said = [clean(_text(v), 80) == value for v in values]
        return 100 * grid.mean(at, np.array(said, dtype="float64"))
    if not is_number(values):
        found = [_NUMBER.match(str(v)) for v in values]
        values = pd.Series([float(m[0]) if m else np.nan for m in found])
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    there = np.isfinite(numbers)
    factor = 1e-3 if one.unit == "s" and re.search(r"(_ms|_millis|_milliseconds| \(ms\))", one.what) else 1.0
    return factor * grid.quantile(at[there], numbers[there], one.quantile)


def _text(value: object) -> str:
    """Return a value as findings write it: a code that was read as a number is whole."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _fits(template: str, text: str) -> bool:
    """Whether a text has the constant parts of a template in their order."""
    parts = template.removesuffix("…").split(_PLACE)
    if not any(part.strip() for part in parts) or not text.startswith(parts[0]):
        return False
    at = len(parts[0])
    for part in parts[1:]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return template.endswith("…") or not parts[-1] or text.endswith(parts[-1])
