"""One large gzip of nginx and JSON lines, from the file to the findings: how long, and in how much memory.

Run it as ``python tests/bench/bench_logs.py``; ``--lines 20000000`` shows that memory does not grow with the file.
The log is read once: lines are parsed, timed and redacted, mined and counted, and its second half is compared with
its first. Near the end of it a gateway fails, and latency grows. Lines are made from a seed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.sources.lines_of import START, mixed

_LATENCY = re.compile(r"rt=0\.(\d)")


def lines(number: int) -> Iterator[str]:
    """Yield access and JSON lines in turn; of the last quarter, one in 40 is a failure, and requests are slower."""
    for i, line in enumerate(mixed(number)):
        if i < number * 3 // 4:
            yield line
        elif i % 40 == 1:
            yield re.sub(r'"message": "[^"]*"', '"message": "card gateway timed out, giving up"', line)
        else:
            yield _LATENCY.sub(r"rt=9.\1", line)


class Memory(threading.Thread):
    """Watches how much memory this process and its children have together."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._end = threading.Event()

    def run(self) -> None:
        own = psutil.Process()
        while not self._end.wait(0.1):
            total = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)

    def stop(self) -> int:
        """Return the peak, in MB."""
        self._end.set()
        self.join()
        return round(self.peak / 1e6)


def main() -> None:
    """Print the table."""
    # Not at the top: the workers, which import this file, would hold what only their parent needs.
    from faultmaven_lib.analysis.logs import LogAnalyzer, TemplateMiner, digest_files
    from faultmaven_lib.model import Window

    options = argparse.ArgumentParser()
    options.add_argument("--lines", type=int, default=2_000_000)
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "shop.log.gz"
        with gzip.open(path, "wt", compresslevel=6) as file:
            for line in lines(given.lines):
                file.write(line + "\n")
        middle, end = (START + timedelta(milliseconds=20 * n) for n in (given.lines // 4, given.lines // 2 + 1))
        TemplateMiner().fit(["compile first"])  # once on a machine
        print(f"{given.lines:,} lines, {path.stat().st_size / 1e6:.0f} MB of gzip, {given.workers} workers", flush=True)
        memory = Memory()
        memory.start()
        began = time.perf_counter()
        windows = [Window(start=START, end=middle), Window(start=middle, end=end)]
        before, after = digest_files(path, windows, workers=given.workers, progress=False)
        read = time.perf_counter()
        odd = LogAnalyzer().fit(before).compare(after)
        done = time.perf_counter()
        print(f"read, redacted, mined, counted {read - began:6.1f} s  ({before.lines + after.lines:,} lines)")
        print(f"compared                       {done - read:6.1f} s  ({len(odd)} findings)")
        print(f"together                       {done - began:6.1f} s  peak {memory.stop():,} MB, all processes")
        for sentence in odd["sentence"].head(3):
            print(f"  {sentence}")


if __name__ == "__main__":
    main()
