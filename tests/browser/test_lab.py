"""The guided triage as an SRE sees it: opened in a real JupyterLab, all cells run."""

from __future__ import annotations

import shutil

import pytest

from tests.browser.servers import ROOT, lab, watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_triage_notebook_runs_and_ranks_the_causes(chromium, tmp_path):
    shutil.copy(ROOT / "notebooks" / "01_triage.ipynb", tmp_path)
    with lab(tmp_path, f"sqlite:///{tmp_path / 'cases.db'}") as url:
        seen = watched(chromium, width=1400, height=20000)
        page = seen.page
        page.goto(f"{url}doc/tree/01_triage.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput h1")
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        first = page.locator(".fm-answer .fm-cause").first
        first.wait_for()
        assert "lock contention in postgres" in first.inner_text().lower()
        assert page.locator(".fm-answer .fm-lead").inner_text()
        page.locator(".jp-OutputArea-output", has_text="Written: ").wait_for()
        assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        assert page.locator(".js-plotly-plot .main-svg").count() >= 3
        assert list(tmp_path.glob("*-postmortem.html"))
        assert seen.strangers(url) == []
        assert seen.dialogs == []
