"""The dashboard on real stores: full, empty, unreadable, hostile. No browser."""

from __future__ import annotations

from datetime import timedelta

import pytest

from faultmaven_lib.model import ActionItem, Case, Times, Window, utc
from faultmaven_lib.notebook.dashboard import IncidentDashboard
from faultmaven_lib.storage import Store

NOW = utc("2026-03-20T12:00:00Z")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def case(number, began, **fields):
    window = Window(start=began, end=began + timedelta(minutes=10))
    plain = {"title": f"incident {number}", "team": "shop", "times": Times(started=began)}
    return Case(
        id=f"INC-{number}", window=window, baseline=window.before(), created_at=NOW, updated_at=NOW, **plain | fields
    )


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'cases.db'}")
    yield store
    store.close()


def filled(store):
    day = timedelta(days=1)
    resolved = Times(started=NOW - day, resolved=NOW - day + timedelta(minutes=30))
    items = (ActionItem(text=HOSTILE, owner=HOSTILE),)
    store.save(
        case(1, NOW - day, title=HOSTILE, services=(HOSTILE,), impact=HOSTILE, times=resolved, action_items=items)
    )
    store.save(case(2, NOW - 20 * day, team="platform"))
    store.save(case(3, NOW - 300 * day))
    return store


def markup(board):
    return "".join(part.value for part in (board.numbers, board.lists, board.detail, board.record))


def test_hostile_cases_are_shown_as_text(store):
    board = IncidentDashboard(filled(store), now=NOW, query="case=INC-1")
    html = markup(board)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") >= 5
    assert "onerror" not in html.replace("onerror=alert(2)&gt;", "")


def test_period_and_team_choose_the_incidents(store):
    board = IncidentDashboard(filled(store), now=NOW)
    assert [value for _, value in board.case.options] == ["", "INC-1", "INC-2"]
    board.team.value = "platform"
    assert [value for _, value in board.case.options] == ["", "INC-2"]
    board.team.value = "all teams"
    board.period.value = "a year"
    assert [value for _, value in board.case.options] == ["", "INC-1", "INC-2", "INC-3"]


def test_a_link_opens_its_incident_even_outside_the_period(store):
    board = IncidentDashboard(filled(store), now=NOW, query="case=INC-3&period=7+days")
    assert board.period.value == "7 days"
    assert board.case.value == "INC-3"
    assert "incident 3" in board.detail.value
    board.period.value = "30 days"
    assert board.case.value == "INC-3"


@pytest.mark.parametrize("query", ["case=INC-99", "case=%3Cscript%3E", "team=nobody&period=never", "case=&team="])
def test_a_link_to_what_is_not_there_says_so(store, query):
    board = IncidentDashboard(filled(store), now=NOW, query=query)
    assert "<script" not in markup(board)
    assert ("there is no case" in board.detail.value) == ("case=INC-99" in query or "script" in query)


def test_every_number_shows_definition_exclusions_and_incidents(store):
    html = IncidentDashboard(filled(store), now=NOW).numbers.value
    tiles = html.split('<article class="fm-measure"')[1:]
    assert len(tiles) == 6
    assert all("fm-definition" in tile for tile in tiles)
    mttr = next(tile for tile in tiles if ">MTTR<" in tile)
    assert "30 min" in mttr
    assert "1 incident left out: no resolved time" in mttr
    assert 'data-case="INC-1"' in mttr


def test_old_cases_alone_show_all_time(store):
    store.save(case(1, NOW - timedelta(days=700)))
    board = IncidentDashboard(store, now=NOW)
    assert board.period.value == "all time"
    assert "INC-1" in board.lists.value


def test_an_empty_store_says_how_to_make_a_case(store):
    board = IncidentDashboard(store, now=NOW)
    assert "faultmaven demo" in board.numbers.value
    assert board.period not in board.root.children


def test_reading_again_finds_what_was_saved_since(store):
    board = IncidentDashboard(store, now=NOW)
    filled(store)
    board.again.click()
    assert "incident 2" in board.lists.value
    assert board.controls in board.root.children


def test_a_store_that_cannot_be_read_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "no.db").write_bytes(b"this is not a database" * 100)
    monkeypatch.setenv("FAULTMAVEN_DATABASE_URL", f"sqlite:///{tmp_path / 'no.db'}")
    board = IncidentDashboard(now=NOW)
    assert "cannot be read" in board.numbers.value


def test_a_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("FAULTMAVEN_DATABASE_URL", "postgresql+psycopg://u:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in IncidentDashboard(now=NOW).numbers.value
