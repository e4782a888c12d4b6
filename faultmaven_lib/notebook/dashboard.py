"""The dashboard of incidents: a period, a team, the numbers, and one incident in detail.

It holds no logic of its own: the numbers come from ``incident_metrics``, the mark-up from ``incident_page``
and ``render``, the cases from the store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from faultmaven_lib.exceptions import FaultMavenError, MissingExtra
from faultmaven_lib.model import ActionItem, Window
from faultmaven_lib.notebook.incident_charts import resolve_chart
from faultmaven_lib.notebook.incident_detail import chart_of, detail_html, record_html
from faultmaven_lib.notebook.incident_metrics import in_period, last, overview
from faultmaven_lib.notebook.incident_page import empty_html, lists_html, overview_html, problem_html
from faultmaven_lib.notebook.style import style_html
from faultmaven_lib.render import moment
from faultmaven_lib.settings import settings
from faultmaven_lib.storage import Store

if TYPE_CHECKING:
    import plotly.graph_objects as go

PERIODS: dict[str, timedelta | None] = {
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "90 days": timedelta(days=90),
    "a year": timedelta(days=365),
    "all time": None,
}
_DEFAULT = "90 days"
_ALL = "all teams"
_MOST_READ = 300
"""Most cases whose action items are read: a case is read with all its evidence."""
_PLOTLY = "application/vnd.plotly.v1+json"


class IncidentDashboard:
    """Widgets over a store; ``root`` is the one to show.

    Parameters
    ----------
    store
        Where the cases are; by default that of the settings.
    query
        A query string such as ``case=INC-7&period=a+year&team=shop``: what to show first.
    now
        The moment at which the period ends, for tests.

    Raises
    ------
    MissingExtra
        If ipywidgets is not installed.
    """

    def __init__(self, store: Store | None = None, *, query: str = "", now: datetime | None = None) -> None:
        try:
            import ipywidgets as widgets
        except ImportError:
            raise MissingExtra("The dashboard", "notebook") from None
        asked = {key: values[-1] for key, values in parse_qs(query).items()}
        self._store, self._now, self._asked = store, now, asked
        self._frame = pd.DataFrame()
        self.period = widgets.Dropdown(options=list(PERIODS), value=_DEFAULT, description="Period")
        self.team = widgets.Dropdown(options=[_ALL], description="Team")
        self.again = widgets.Button(description="Read again", tooltip="Read the store again")
        self.numbers = widgets.HTML()
        self.durations = widgets.Output()
        self.lists = widgets.HTML()
        self.case = widgets.Dropdown(options=[("Choose an incident", "")], description="Incident")
        self.detail = widgets.HTML()
        self.chart = widgets.Output()
        self.record = widgets.HTML()
        self.controls = widgets.HBox([self.period, self.team, self.again])
        self.chosen = widgets.HBox([self.case])
        self.root = widgets.VBox()
        for widget, name in (
            (self.root, "fm-dashboard"),
            (self.controls, "fm-controls"),
            (self.chosen, "fm-choose-case"),
        ):
            widget.add_class(name)
        self._style = widgets.HTML(style_html())
        self.refresh()
        self.period.observe(self._changed, "value")
        self.team.observe(self._changed, "value")
        self.case.observe(self._opened, "value")
        self.again.on_click(lambda _: self.refresh())

    def refresh(self) -> None:
        """Read the store again and show what it holds now."""
        try:
            if self._store is None:
                self._store = Store()
            self._frame = self._store.cases(limit=None)
        except (FaultMavenError, OSError) as problem:
            self._state(problem_html(problem, _place(self._store)))
            return
        if self._frame.empty:
            self._state(empty_html(_place(self._store)))
            return
        self._choose()
        self._changed()
        self._opened()
        parts = [self._style, self.controls, self.numbers, self.durations, self.lists]
        self.root.children = (*parts, self.chosen, self.detail, self.chart, self.record)

    def _state(self, html: str) -> None:
        self.numbers.value = html
        self.root.children = (self._style, self.numbers, self.again)

    def _choose(self) -> None:
        """Offer the teams that there are; choose what the query string asks for, once."""
        teams = sorted({str(team) for team in self._frame["team"]})
        kept = self.team.value if self.team.value in teams else _ALL
        self.team.options = [_ALL, *teams]
        wanted = self._asked.pop("team", kept)
        self.team.value = wanted if wanted in teams else _ALL
        period = self._asked.pop("period", None)
        if period in PERIODS:
            self.period.value = period
        elif in_period(self._frame, self._window()).empty and not self.lists.value:
            self.period.value = "all time"

    def _window(self) -> Window:
        now = self._now or datetime.now(UTC)
        length = PERIODS[self.period.value]
        if length is not None:
            return last(length, now)
        first = min(self._frame["began"].min().to_pydatetime(), now)
        return Window(start=first, end=last(timedelta(days=1), now).end)

    def _changed(self, _: Any = None) -> None:
        team = None if self.team.value == _ALL else self.team.value
        period = self._window()
        shown = in_period(self._frame, period, team)
        actions, unread = self._actions(shown)
        now = overview(self._frame, actions, period, team=team, unread=unread)
        self.numbers.value = overview_html(now, self._scope(period))
        self.lists.value = lists_html(now)
        _draw(self.durations, resolve_chart(now))
        self._offer(shown)

    def _actions(self, shown: pd.DataFrame) -> tuple[Mapping[str, tuple[ActionItem, ...]], list[str]]:
        assert self._store is not None  # noqa: S101 (refresh has opened it)
        read, unread = {}, list(shown["id"][_MOST_READ:])
        for case in shown["id"][:_MOST_READ]:
            try:
                read[case] = self._store.load(case, snapshots=False).action_items
            except FaultMavenError:  # erased meanwhile, or stored by a newer version: said with the number
                unread.append(case)
        return read, unread

    def _offer(self, shown: pd.DataFrame) -> None:
        wanted = self._asked.pop("case", self.case.value)
        known = dict(zip(self._frame["id"], self._frame["title"], strict=True))
        ids = [*shown["id"], *([wanted] if wanted and wanted not in set(shown["id"]) else [])]
        labels = [(f"{case}  {str(known.get(case, 'not in this store'))[:90]}", case) for case in ids]
        self.case.options = [("Choose an incident", ""), *labels]
        self.case.value = wanted

    def _opened(self, _: Any = None) -> None:
        assert self._store is not None  # noqa: S101 (refresh has opened it)
        self.chart.outputs, self.record.value = (), ""
        if not self.case.value:
            self.detail.value = detail_html(None)
            return
        try:
            case = self._store.load(self.case.value)
        except FaultMavenError as problem:
            self.detail.value = problem_html(problem, _place(self._store))
            return
        self.detail.value = detail_html(case)
        _draw(self.chart, chart_of(case))
        self.record.value = record_html(case)

    def _scope(self, period: Window) -> str:
        team = "all teams" if self.team.value == _ALL else f"team {self.team.value}"
        read = moment(self._now or datetime.now(UTC), "UTC")
        return f"{period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}, {team}. Read {read} from {_place(self._store)}."


def _draw(output: Any, figure: go.Figure) -> None:
    """Show a figure as a static one: set, not displayed, so that it works in callbacks, too."""
    drawn = json.loads(figure.to_json())
    bundle = {_PLOTLY: drawn | {"config": {"displaylogo": False, "responsive": True}}}
    title = (figure.layout.title.text or "chart").split("<br>")[0]
    output.outputs = ({"output_type": "display_data", "data": bundle | {"text/plain": title}, "metadata": {}},)


def _place(store: Store | None) -> str:
    """Return which database it is, without path, user and password: the page is for everybody."""
    url = urlsplit(repr(store).split("'")[1] if store is not None else settings().store_url())
    name = PurePosixPath(url.path).name or "memory"
    host = f" on {url.hostname}" if url.hostname else ""
    return f"{name}{host} ({url.scheme.partition('+')[0]})"
