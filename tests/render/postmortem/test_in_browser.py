import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from faultmaven_lib import render
from faultmaven_lib.render.postmortem import postmortem

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

CONTRAST = """() => {
  const part = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(v => part(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!colour.endsWith(', 0)')) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const names = ['.fm-lead', '.fm-muted', '.fm-local', '.fm-chip', '.fm-sev', '.fm-speculative', '.fm-strong',
    '.fm-outcome-same', '.fm-outcome-gone', 'thead th', 'h2', 'code', '.fm-meta'];
  return names.map(name => {
    const element = document.querySelector(name);
    const pair = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    return [name, (pair[0] + 0.05) / (pair[1] + 0.05)];
  });
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium


@pytest.fixture(scope="module")
def site(examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    case = examples.broken_case()
    postmortem(case, folder / "broken.html", verifications=examples.verifications(case), zone="Europe/Berlin")
    postmortem(examples.healthy_case(), folder / "healthy.html", zone="UTC")
    (folder / "answer.html").write_text(
        render.page("answer", render.answer_html(examples.answer(), zone="UTC")), encoding="utf-8"
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(browser, site):
    pages = []

    def go(name, **options):
        page = browser.new_page(**options)
        pages.append(page)
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
        page.goto(f"{site}/{name}", wait_until="networkidle")
        return page

    yield go
    for page in pages:
        page.close()


@pytest.mark.parametrize("name", ["broken.html", "healthy.html", "answer.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_asks_for_itself_only_and_runs_nothing(visit, site, name, scheme):
    page = visit(name, color_scheme=scheme)
    assert [url for url in page.asked if not url.startswith("data:")] == [f"{site}/{name}"]
    assert page.said == []
    assert page.locator("script, img").count() == 0


def test_a_script_in_a_log_line_is_text(visit):
    page = visit("broken.html")
    assert "<script>alert(1)</script>" in page.inner_text("#moved >> xpath=..")


def test_a_chip_opens_its_evidence_by_keyboard(visit):
    page = visit("broken.html")
    page.locator("header .fm-chip").first.focus()
    page.keyboard.press("Enter")
    entry = page.locator(":target")
    assert entry.get_attribute("id") == "fm-E6"
    assert entry.locator("table").is_visible()
    box = entry.bounding_box()
    assert 0 <= box["y"] < page.viewport_size["height"]


@pytest.mark.parametrize("width", [380, 800, 1280, 1900])
def test_no_width_makes_the_page_scroll_sideways(visit, width):
    page = visit("broken.html", viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('main').getBoundingClientRect().width") <= 1280


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(visit, scheme):
    page = visit("broken.html", color_scheme=scheme)
    ratios = page.evaluate(CONTRAST)
    assert {name: round(ratio, 1) for name, ratio in ratios if ratio < 4.5} == {}


def test_the_readers_scheme_changes_the_paper(visit):
    papers = {
        visit("answer.html", color_scheme=s).evaluate("getComputedStyle(document.body).backgroundColor")
        for s in ("light", "dark")
    }
    assert len(papers) == 2


def test_the_report_prints_as_pdf(examples, tmp_path):
    pytest.importorskip("playwright")
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on the path")
    path = postmortem(examples.broken_case(), tmp_path / "p.pdf", zone="UTC")
    assert path.read_bytes().startswith(b"%PDF-")
    assert path.stat().st_size > 20_000
