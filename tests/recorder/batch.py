"""Records many runs, some at a time, each in a process of its own; what is there already is left as it is."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .runs import RUNS, split

_ROOT = Path(__file__).parents[2]
_TRIES = 3
"""A busy machine now and then spoils a run: an alert that nothing explains, or a start that takes too long."""


def record_all(
    names: list[str],
    out: Path,
    *,
    seed: int,
    jobs: int,
    again: bool = False,
    lengths: tuple[int | None, int | None] = (None, None),
) -> list[str]:
    """Record runs and return the names of those that failed every time.

    Runs that must be alone come last, one after the other.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "split.json").write_text(json.dumps(split(), indent=2) + "\n", encoding="utf-8")
    todo = [name for name in names if again or not _recorded(out, name)]
    for name in sorted(set(names) - set(todo)):
        _say(f"{name}: is there already")
    batch = _Batch(out, seed, lengths, len(todo))
    together = [name for name in todo if not RUNS[name].alone]
    pool = ThreadPoolExecutor(max(1, jobs))
    try:
        results = dict(zip(together, pool.map(batch.record, together), strict=True))
        results.update({name: batch.record(name) for name in todo if RUNS[name].alone})
    except BaseException:
        batch.end()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return [name for name, done in results.items() if not done]


def _recorded(out: Path, name: str) -> bool:
    return (out / "recordings" / name / "incident.json").is_file() and (out / "truth" / f"{name}.json").is_file()


class _Batch:
    """The processes that record, and how far they are."""

    def __init__(self, out: Path, seed: int, lengths: tuple[int | None, int | None], total: int) -> None:
        self._out, self._seed, self._lengths, self._total = out, seed, lengths, total
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._done, self._ended, self._start = 0, False, time.monotonic()

    def record(self, name: str) -> bool:
        for attempt in range(1, _TRIES + 1):
            with self._lock:
                if self._ended:
                    return False
                child = self._child(name)
                self._running.add(child)
            said = child.communicate()[0]
            with self._lock:
                self._running.discard(child)
                if child.returncode == 0:
                    self._done += 1
            if child.returncode == 0:
                minutes = (time.monotonic() - self._start) / 60
                _say(f"{name}: recorded, {self._done} of {self._total} after {minutes:.0f} min")
                return True
            if not self._ended:
                _say(f"{name}: try {attempt} of {_TRIES} failed: {said.strip().splitlines()[-1]}")
        return False

    def end(self) -> None:
        """Have all end, with everything that they started."""
        with self._lock:
            self._ended = True
            children = list(self._running)
        for child in children:
            child.terminate()
        for child in children:
            child.wait()

    def _child(self, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.recorder", "record", f"--out={self._out.absolute()}", f"--one={name}"]
        command.append(f"--seed={self._seed}")
        for option, seconds in zip(("--baseline-seconds", "--incident-seconds"), self._lengths, strict=True):
            command += [f"{option}={seconds}"] if seconds else []
        return subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for us: we end them
        )


def _say(line: str) -> None:
    print(line, flush=True)
