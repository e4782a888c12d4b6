"""A pytest plugin: recordings made while the tests run, with another seed than the shipped ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .programs import MissingProgramError, require_all

SEED = 4711
SECONDS = 60
FRESH = ("checkout-stall", "healthy", "shop-23", "shop-04")
"""A lock, nothing, and two more kinds: a certificate that expires, a message that poisons."""
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fresh_recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Return a function that gives the folder of a fresh recording by its name, one of ``FRESH``.

    The first call records all of them side by side, each 60 s of baseline and 60 s of incident, and takes
    about four minutes; later calls take nothing. ``load_incident`` and ``load_truth`` take the folder. Tests
    that use it are skipped where a program is not installed.
    """
    out = tmp_path_factory.mktemp("recorded")
    running: dict[str, subprocess.Popen[str]] = {}
    said: dict[str, str] = {}

    def folder(name: str) -> Path:
        try:
            require_all()
        except MissingProgramError as error:
            pytest.skip(str(error))
        if not running:
            running.update({fresh: _start(fresh, out) for fresh in FRESH})
        if name not in said:
            said[name] = running[name].communicate()[0]
        assert running[name].returncode == 0, said[name]
        return out / "recordings" / name

    yield folder
    for name, recorder in running.items():
        if name not in said:
            recorder.terminate()
            recorder.communicate()


def _start(name: str, out: Path) -> subprocess.Popen[str]:
    """Record one run; a machine that is busy with other tests may spoil a first try."""
    options = [f"--seed={SEED}", f"--baseline-seconds={SECONDS}", f"--incident-seconds={SECONDS}"]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.recorder", "record", f"--out={out}", f"--only={name}", *options],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
