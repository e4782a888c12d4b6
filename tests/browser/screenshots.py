"""Make the README's pictures: ``python -m tests.browser.screenshots`` writes docs/images/triage.png and dashboard.png.

Both show what the package really does: the triage is the recorded incident, run; the dashboard reads a store that
holds that incident as it was saved, among made-up older ones.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.browser.servers import ROOT, browser, lab, missing, private, voila, watched

IMAGES = ROOT / "docs" / "images"
_OLDER = (
    ("Search answers slowly", "search", "slow_query", "sev3"),
    ("Card payments fail", "gateway", "certificate_expired", "sev1"),
    ("Orders are not confirmed by mail", "mailer", "queue_backlog", "sev3"),
    ("Checkout stalls after the nightly import", "postgres", "lock_contention", "sev2"),
    ("Product pages time out", "catalog", "connection_pool_exhausted", "sev2"),
    ("Images do not load", "media", "disk_full", "sev4"),
)


def main() -> int:
    """Take both pictures; say what is missing if that cannot be done here."""
    if reason := missing():
        print(reason, file=sys.stderr)
        return 2
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database_url = f"sqlite:///{folder / 'cases.db'}"
        done = _triaged(folder, database_url)
        _made_up(database_url)
        with browser() as running:
            with lab(folder, database_url) as url:
                _triage_picture(running, f"{url}doc/tree/{done.name}", IMAGES / "triage.png")
            with voila(database_url, folder) as url:
                _dashboard_picture(running, url, IMAGES / "dashboard.png")
    print(f"Written: {IMAGES / 'triage.png'}, {IMAGES / 'dashboard.png'}")
    return 0


def _triaged(folder: Path, database_url: str) -> Path:

    done = folder / "triage.ipynb"
    command = [sys.executable, "-m", "papermill", str(ROOT / "notebooks" / "01_triage.ipynb"), str(done)]
    given = ["-p", "output_dir", str(folder), "-p", "save", "True", "--no-progress-bar", "--cwd", str(folder)]
    env = private(folder) | {"FAULTMAVEN_DATABASE_URL": database_url}
    subprocess.run([*command, *given], check=True, env=os.environ | env)
    # Jupyter shows the style sheet of an output only if it trusts the notebook.
    subprocess.run([sys.executable, "-m", "jupyter", "trust", str(done)], check=True, env=os.environ | env)
    return done


def _made_up(database_url: str) -> None:
    from faultmaven_lib.model import ActionItem, Case, ConfirmedCause, Mechanism, Times, Window
    from faultmaven_lib.storage import Store

    chance, now = random.Random(5), datetime.now(UTC).replace(microsecond=0)
    with Store(database_url) as store:
        for number in range(16):
            title, service, mechanism, severity = _OLDER[number % len(_OLDER)]
            start = now - timedelta(days=chance.uniform(3, 170))
            detected = start + timedelta(minutes=chance.uniform(1, 8))
            taken = detected + timedelta(minutes=chance.expovariate(1 / 5))
            over = start + timedelta(minutes=15 + chance.expovariate(1 / 50))
            window = Window(start=start - timedelta(minutes=5), end=start + timedelta(minutes=20))
            confirmed = number % 4 != 3
            due = (now + timedelta(days=chance.randint(-9, 30))).date()
            case = Case(
                id=store.new_id(),
                title=title,
                team=("shop", "platform")[number % 2],
                severity=severity,
                status="resolved" if confirmed else "open",
                services=(service, "checkout") if number % 3 == 0 else (service,),
                window=window,
                baseline=window.before(),
                times=Times(started=start, detected=detected, acknowledged=taken, resolved=over if confirmed else None),
                confirmed_cause=ConfirmedCause(service=service, mechanism=Mechanism(mechanism)) if confirmed else None,
                action_items=(ActionItem(text=f"Alert on {service} before its callers wait", owner="r.ito", due=due),)
                if number % 5 == 0
                else (),
                analyzed=True,
                created_at=window.end,
                updated_at=window.end,
            )
            store.save(case)


def _triage_picture(running, url: str, path: Path) -> None:
    seen = watched(running, width=1280, height=20000, timezone_id="UTC")
    page = seen.page
    page.goto(url)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(4000)
    news = page.get_by_role("button", name="No", exact=True)
    if news.count():  # JupyterLab's question whether to fetch news
        news.click()
    page.set_viewport_size({"width": 1280, "height": 1180})
    page.wait_for_timeout(1000)
    page.locator(".jp-MarkdownOutput h2", has_text="3. The answer first").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('.fm-answer').closest('.jp-Cell').scrollIntoView({block: 'start'})")
    page.wait_for_timeout(1500)
    page.screenshot(path=path)


def _dashboard_picture(running, url: str, path: Path) -> None:
    seen = watched(running, width=1280, height=1180, timezone_id="UTC")
    page = seen.page
    page.goto(url)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=path)


if __name__ == "__main__":
    sys.exit(main())
