"""A page as PDF, printed by the browser of the system."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

from faultmaven_lib.exceptions import ReportError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_FOOTER = (
    '<div style="width:100%;padding:0 14mm;font:7pt sans-serif;color:#59616b;text-align:right">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def as_pdf(html: str) -> bytes:
    """Return a page of ours printed on A4.

    Raises
    ------
    ReportError
        If Playwright or a browser is missing, or the browser fails.
    """
    try:
        import playwright  # noqa: F401
    except ImportError:
        raise ReportError(
            "a PDF needs Playwright: pip install playwright; or write .html and print it from a browser"
        ) from None
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise ReportError(
            "a PDF needs a Chromium on the path: apt-get install chromium; or write .html and print it from a browser"
        )
    # In a thread of its own: a notebook has an event loop, beside which Playwright's plain interface refuses to run.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_print, html, browser).result()


def _print(html: str, executable: str) -> bytes:
    from playwright.sync_api import Error, sync_playwright

    flags = list(_FLAGS)
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses its sandbox to root
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=executable, args=flags)
            try:
                page = browser.new_page(java_script_enabled=False, offline=True)
                page.set_content(html, wait_until="load")
                return page.pdf(
                    format="A4",
                    prefer_css_page_size=True,
                    tagged=True,
                    outline=True,
                    print_background=True,
                    display_header_footer=True,
                    header_template="<span></span>",
                    footer_template=_FOOTER,
                )
            finally:
                browser.close()
    except Error as error:
        raise ReportError(f"the browser could not print the report: {str(error).splitlines()[0]}") from error
