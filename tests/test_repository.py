"""What holds for the repository as a whole: short files, clean notebooks, no external request, documented faces."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 400
PAGES = {".ipynb", ".html", ".j2", ".jinja", ".css", ".js", ".svg", ".md", ".tpl"}
FETCHING = re.compile(
    r"""(?:(?<!a\ )(?:src|poster|data-src)\s*=\s*\\?["']?|<link\b[^>]*?href\s*=\s*\\?["']?|url\(\s*\\?["']?"""
    r"""|@import\s+\\?["'])\s*((?:https?:)?//[^\s"'\\)>]+)""",
    re.IGNORECASE,
)
"""Addresses that a browser fetches by itself. A link that a reader may click is not one."""


def files(*folders: str, suffixes: set[str] | None = None) -> list[Path]:
    skipped = {"__pycache__", ".ipynb_checkpoints", "node_modules", "_build"}
    found = (p for folder in folders for p in sorted((ROOT / folder).rglob("*")))
    return [
        p for p in found if p.is_file() and not skipped & set(p.parts) and (suffixes is None or p.suffix in suffixes)
    ]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def from_code() -> ModuleType:
    return load(ROOT / "docs" / "from_code.py")


# ---- files


def test_no_file_is_too_long():
    written = files("faultmaven_lib", "tests", "tools", "docs", suffixes={".py", ".sql", ".sh", ".css", ".html", ".j2"})
    lengths = {shown(p): len(p.read_text(encoding="utf-8").splitlines()) for p in written}
    assert {path: n for path, n in lengths.items() if n > MAX_LINES} == {}


@pytest.mark.parametrize("path", files("notebooks", "dashboards", suffixes={".ipynb"}), ids=shown)
def test_notebooks_are_committed_without_outputs(path):
    clear = load(ROOT / "tools" / "clear_notebooks.py")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert clear.cleared(notebook) == notebook, f"run: .venv/bin/python tools/clear_notebooks.py {shown(path)}"


def test_outputs_are_seen_and_cleared(tmp_path):
    clear = load(ROOT / "tools" / "clear_notebooks.py")
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"], "papermill": {}}, "source": "1"}
    notebook = {"cells": [{**cell, "outputs": [{"data": {}}], "execution_count": 3}], "metadata": {"papermill": {}}}
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    assert clear.main([str(tmp_path / "a.ipynb")]) == 1
    kept = json.loads((tmp_path / "a.ipynb").read_text())
    bare = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "1"}
    assert kept == {"cells": [{**bare, "outputs": [], "execution_count": None}], "metadata": {}}
    assert clear.main([str(tmp_path / "a.ipynb")]) == 0


def test_pages_fetch_nothing_from_elsewhere():
    pages = files("notebooks", "dashboards", "faultmaven_lib", suffixes=PAGES)
    found = {shown(p): FETCHING.findall(p.read_text(encoding="utf-8", errors="replace")) for p in pages}
    assert {path: addresses for path, addresses in found.items() if addresses} == {}


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js">',
        "<img src=//cdn.example/x.png>",
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
        "background: url('http://cdn.example/x.png')",
        '@import "https://cdn.example/x.css"',
        r"<script src=\"https://cdn.example/x.js\">",
    ],
)
def test_fetching_is_seen(text):
    assert len(FETCHING.findall(text)) == 1


def test_a_link_to_click_is_not_fetching():
    assert (
        FETCHING.findall('<a href="https://example.com/runbook">runbook</a> <img src="data:image/png;base64,xx">') == []
    )


# ---- commands


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *files("docs", suffixes={".md", ".rst"}), ROOT / ".ci" / "run"], ids=shown
)
def test_every_make_command_that_is_named_exists(path):
    named = set(re.findall(r"(?:^\s*\$?\s*|`|exec )make ([a-z][a-z-]*)", path.read_text(), re.MULTILINE))
    assert named <= targets()


def test_the_makefile_has_what_the_readme_promises():
    assert {"demo", "test", "lab", "dashboards", "bench", "docs", "format", "help"} <= targets()
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


def test_help_lists_every_public_target():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    for target in ("demo", "test", "lab", "dashboards", "bench", "docs", "format", "help", "record", "lock"):
        assert re.search(rf"^  make {target}\s+\w", said, re.MULTILINE), target


def test_ci_runs_the_test_command_and_can_be_run():
    script = ROOT / ".ci" / "run"
    assert "make test" in script.read_text()
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("no-such-python", "No no-such-python on the PATH"),
        ("old", "needs Python 3.11 or newer"),
        ("bare", "apt-get install python3-venv"),
    ],
)
def test_an_environment_that_cannot_be_made_says_why(tmp_path, python, said):
    (tmp_path / "old").write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    (tmp_path / "bare").write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexit 0\n')
    for name in ("old", "bare"):
        (tmp_path / name).chmod(0o755)
    interpreter = str(tmp_path / python) if python != "no-such-python" else python
    done = subprocess.run(
        ["bash", "tools/venv.sh", interpreter, str(tmp_path / "venv")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "venv").exists()


# ---- system packages


def stubs(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment whose PATH begins with the given stand-ins of system commands."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def system_packages(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("bash") or "bash", "tools/system_packages.sh"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_without_rights_every_missing_package_is_named_and_nothing_fails(tmp_path):
    refused = "echo must not be called; exit 9"
    environment = stubs(tmp_path / "bin", dpkg_query="exit 1", id="echo 1000", sudo="exit 1", apt_get=refused)
    done = system_packages(environment)
    assert done.returncode == 0
    assert "SKIPPED: Debian package nginx is not installed (not root, and sudo asks for a password)" in done.stdout
    assert "SKIPPED: Debian package chromium" in done.stdout
    assert "must not be called" not in done.stdout


def test_what_is_installed_is_not_installed_again(tmp_path):
    environment = stubs(tmp_path / "bin", dpkg_query="echo installed", apt_get="exit 9")
    done = system_packages(environment)
    assert (done.returncode, done.stdout) == (0, "Debian packages for the tests: all installed\n")


def test_an_installation_that_breaks_is_not_hidden(tmp_path):
    environment = stubs(tmp_path / "bin", dpkg_query="exit 1", id="echo 0", apt_get="exit 100", apt_cache="exit 0")
    assert system_packages(environment).returncode == 100


def test_elsewhere_than_on_debian_it_says_so(tmp_path):
    environment = {**stubs(tmp_path / "bin"), "PATH": str(tmp_path / "bin")}
    done = system_packages(environment)
    assert done.returncode == 0
    assert "not a Debian or Ubuntu system" in done.stdout


def test_the_recorders_packages_are_installed():
    # Debian's postgresql brings the client with it.
    needed = set(load(ROOT / "tests" / "recorder" / "programs.py").PACKAGES.values()) - {"postgresql-client"}
    script = (ROOT / "tools" / "system_packages.sh").read_text()
    assert {name for name in needed if not re.search(rf"(?<![\w-]){name}(?![\w-])", script)} == set()


# ---- documentation


def test_every_setting_is_documented(from_code):
    from faultmaven_lib.settings import Settings

    text = "\n".join(from_code.settings_rst())
    for name in Settings.model_fields:
        assert f".. envvar:: FAULTMAVEN_{name.upper()}\n" in text


def test_every_command_and_option_is_documented(from_code):
    from faultmaven_lib.cli import main

    text = "\n".join(from_code.cli_rst())
    for path, command in from_code.commands(main, "faultmaven"):
        assert f".. program:: {path}\n" in text
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert option in text, f"{path} {option}"


def test_what_is_not_explained_breaks_the_documentation(from_code):
    import click

    @click.command(help="Does something.")
    @click.option("--silent")
    def command(silent: str) -> None: ...

    with pytest.raises(from_code.Undocumented, match="--silent of 'faultmaven command' has no help"):
        from_code.command_rst("faultmaven command", command)


def test_variables_that_are_named_anywhere_exist():
    from faultmaven_lib.settings import Settings

    known = {f"FAULTMAVEN_{name.upper()}" for name in Settings.model_fields}
    known.add("FAULTMAVEN_BENCH_DATA")  # of the benchmarks, not of the package
    pages = [ROOT / "README.md", *files("docs", suffixes={".md", ".rst"})]
    pages += files("faultmaven_lib", "notebooks", "dashboards", suffixes={".py", ".ipynb", ".j2", ".html"})
    named = {name for p in pages for name in re.findall(r"FAULTMAVEN_[A-Z_]+[A-Z]", p.read_text(encoding="utf-8"))}
    assert named <= known


def test_the_changelog_knows_this_version_or_what_is_unreleased():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == version
