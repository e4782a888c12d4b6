"""The dashboard as a manager sees it: a real Voila server, a real browser, a store with a hostile case."""

from __future__ import annotations

import itertools

import pytest

from faultmaven_lib.storage import Store
from tests.browser.cases import HOSTILE, two_cases
from tests.browser.servers import voila, watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def database_url(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'cases.db'}"


@pytest.fixture(scope="module")
def site(chromium, database_url, tmp_path_factory):
    with voila(database_url, tmp_path_factory.mktemp("voila")) as url:
        # The server is up and its kernel is warm before anything is saved: the page must show what is there now.
        store = Store(database_url)
        for case in two_cases():
            store.save(case)
        store.close()
        yield url


def opened(chromium, url, **context):
    seen = watched(chromium, **context)
    seen.page.goto(url)
    seen.page.wait_for_selector(".fm-overview")
    return seen


def test_the_page_shows_the_numbers_and_asks_nobody_else(chromium, site):
    seen = opened(chromium, site, timezone_id="Europe/Berlin")
    page = seen.page
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.title() == "Incidents"
    values = {tile.locator("h2").inner_text(): tile for tile in page.locator(".fm-measure").all()}
    assert values["Incidents"].locator(".fm-value").inner_text() == "2"
    assert values["MTTA"].locator(".fm-value").inner_text() == "4 min"
    assert values["MTTR"].locator(".fm-value").inner_text() == "30 min"
    assert "1 incident left out: no resolved time" in values["MTTR"].inner_text()
    assert page.locator("time + .fm-local").first.inner_text().strip().startswith("(")  # the reader's clock
    page.wait_for_timeout(1000)  # whatever is asked for late
    assert seen.requests
    assert seen.strangers(site) == []
    assert seen.errors == []
    assert seen.dialogs == []


def test_a_number_opens_its_incidents_and_they_open_in_place(chromium, site):
    seen = opened(chromium, site)
    page = seen.page
    tile = page.locator(".fm-measure", has=page.locator("h2", has_text="MTTR"))
    tile.locator("summary").first.click()
    tile.locator("a[data-case]").first.click()
    page.wait_for_selector("#incident .fm-lead")
    assert "Confirmed: lock contention in postgres." in page.locator("#incident").inner_text()
    assert "case=INC-1" in page.url
    page.locator("details.fm-evidence-all > summary").click()
    chip = page.locator("#incident .fm-chip").first
    chip.click()
    assert page.locator(chip.get_attribute("href")).is_visible()
    assert seen.errors == []


def test_a_hostile_case_is_text(chromium, site):
    seen = opened(chromium, f"{site}?case=INC-2")
    page = seen.page
    page.wait_for_selector("#incident .fm-lead")
    page.locator("details.fm-evidence-all > summary").click()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(1500)
    assert HOSTILE in page.locator("#fm-incident").inner_text()
    assert page.locator("img:not(.plot-img)").count() == 0  # plotly keeps an empty one of its own
    assert seen.dialogs == []
    assert seen.strangers(site) == []
    assert seen.errors == []


def test_the_keyboard_reaches_everything(chromium, site):
    page = opened(chromium, site).page
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert {"SELECT", "BUTTON", "SUMMARY", "A"} <= reached
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    nameless = "select,button,a,summary"
    names = page.evaluate(
        f"[...document.querySelectorAll('.fm-dashboard :is({nameless})')].filter(e => e.checkVisibility()).map("
        "e => e.innerText || e.ariaLabel || e.title || (e.labels && e.labels.length && e.labels[0].innerText) || '')"
    )
    assert all(name.strip() for name in names)


def test_an_empty_store_says_how_to_begin(chromium, tmp_path):
    with voila(f"sqlite:///{tmp_path / 'none.db'}", tmp_path) as url:
        seen = watched(chromium)
        seen.page.goto(url)
        seen.page.wait_for_selector(".fm-state")
        assert "faultmaven demo" in seen.page.locator(".fm-state").inner_text()
        assert seen.strangers(url) == []
        assert seen.errors == []


def test_a_page_that_is_not_there_asks_nobody_else_either(chromium, site):
    seen = watched(chromium)
    answer = seen.page.goto(f"{site}voila/render/nothing.ipynb")
    assert answer.status in (403, 404)
    assert seen.strangers(site) == []
