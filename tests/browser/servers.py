"""Start Voila, JupyterLab and Chromium as a user would, and watch what the page asks for."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PATIENCE = 120.0
"""Seconds that a server or a page may take on a busy machine."""


class ServerError(RuntimeError):
    """A server did not come up; holds the end of its log."""


def missing() -> str:
    """Return what a browser test lacks here; empty if nothing."""
    if not (Path(CHROMIUM).exists() or shutil.which("chromium")):
        return "Chromium is not installed: apt-get install chromium"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed: pip install playwright"
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(command: list[str], url: str, *, folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Run a server until the block ends; yield its URL once it answers."""
    log = folder / f"{Path(command[2]).name}-{urlsplit(url).port}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdout=output, stderr=output, start_new_session=True
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while not _answers(url):
                if server.poll() is not None or time.monotonic() > deadline:
                    tail = log.read_text(errors="replace")[-2000:]
                    raise ServerError(f"{' '.join(command)} did not answer at {url}:\n{tail}")
                time.sleep(0.2)
            yield url
        finally:
            # Its kernels are in its session, and go with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(15)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


@contextlib.contextmanager
def voila(database_url: str, folder: Path) -> Iterator[str]:
    """Serve the dashboard on a store, with the configuration that is shipped."""
    port, dashboards = free_port(), ROOT / "dashboards"
    command = [
        *(sys.executable, "-m", "voila", str(dashboards / "incidents.ipynb"), "--no-browser", f"--port={port}"),
        f"--Voila.config_file_paths={dashboards}",
    ]
    env = {"JUPYTER_PATH": str(dashboards / "jupyter"), "FAULTMAVEN_DATABASE_URL": database_url}
    # A favicon, not the page: asking for the page would use up the warm kernel.
    probe = f"http://127.0.0.1:{port}/voila/templates/faultmaven/static/favicon.svg"
    with served(command, probe, folder=folder, env=env | private(folder)):
        yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def lab(folder: Path, database_url: str) -> Iterator[str]:
    """Serve a folder with JupyterLab; no token, since it listens on loopback for the length of a test."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"),
        *(f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    env = {"FAULTMAVEN_DATABASE_URL": database_url} | private(folder)
    with served(command, f"http://127.0.0.1:{port}/api", folder=folder, env=env):
        yield f"http://127.0.0.1:{port}/"


def private(folder: Path) -> dict[str, str]:
    """Settings and run-time files of Jupyter in a folder of the test's own."""
    names = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    places = {variable: folder / "jupyter" / name for variable, name in names.items()}
    places |= {"IPYTHONDIR": folder / "ipython", "FAULTMAVEN_HOME": folder / "home"}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return {variable: str(place) for variable, place in places.items()}


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium") or CHROMIUM, args=list(FLAGS))
        try:
            yield running
        finally:
            running.close()


@dataclass
class Watched:
    """A page and all that it did: requests, errors on its console, dialogs."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def strangers(self, url: str) -> list[str]:
        """Return the requests to any other host than that of a URL."""
        home = urlsplit(url).netloc
        return [r for r in self.requests if urlsplit(r).scheme not in ("data", "blob") and urlsplit(r).netloc != home]


def watched(running: Browser, *, width: int = 1280, height: int = 900, **context: str) -> Watched:
    """Open an empty page that is watched."""
    page = running.new_context(viewport={"width": width, "height": height}, **context).new_page()
    page.set_default_timeout(PATIENCE * 1000)
    seen = Watched(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("websocket", lambda socket: seen.requests.append(socket.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)

    def dismiss(dialog) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    return seen
