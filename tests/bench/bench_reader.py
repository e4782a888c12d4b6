"""How fast logs are read, format by format, beside the parsers of single lines; and how much memory it takes.

Run it as ``python tests/bench/bench_reader.py``; with ``--large 2000000 --workers 2`` it reads one large gzip. Lines
are made from a seed, so two runs read the same. CPU time is counted, not the time on the wall; redaction is switched
off, for it is not the reader's.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.sources.logs import LogSource
from tests.sources.lines_of import FORMATS, in_cri, in_docker, lines_of, mixed

os.environ["FAULTMAVEN_REDACT"] = "false"


def kinds(number: int) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield names and lines."""
    for name in FORMATS:
        yield name, lines_of(name, number)
    yield "access and json in turn", mixed(number)
    yield "json in cri", in_cri(lines_of("json", number))
    yield "access in docker", in_docker(lines_of("access", number))


def rate(path: Path, *, vectorised: bool) -> float:
    """Return records a CPU second, frames made and thrown away."""
    source = LogSource([path], "", vectorised=vectorised)
    before = time.process_time()
    records = sum(len(frame) for frame in source.frames())
    return records / (time.process_time() - before)


def peak() -> int:
    """Return the largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def large(folder: Path, number: int, workers: int) -> None:
    """Read one gzip of access and JSON lines and print times and memory."""
    path = folder / f"shop-{number}.log.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        for line in mixed(number):
            file.write(line + "\n")
    wall, cpu = time.perf_counter(), time.process_time()
    records = sum(len(frame) for frame in LogSource([path], "").frames(workers=workers))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{records:,} lines of gzip, {workers} workers: {wall:.1f} s, {cpu:.1f} s of CPU here "
        f"({cpu / records * 1e6:.2f} us a line), peak {peak()} MiB"
    )


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--lines", type=int, default=50_000)
    options.add_argument("--large", type=int, nargs="*", default=[])
    options.add_argument("--workers", type=int, default=0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in given.large:
            large(folder, number, given.workers)
        if given.large:
            return
        print(f"{'format':26}{'single lines':>14}{'columns':>12}{'times':>8}   lines a CPU second")
        for kind, lines in kinds(given.lines):
            path = folder / "app.log"
            path.write_text("\n".join(lines) + "\n")
            slow, fast = rate(path, vectorised=False), max(rate(path, vectorised=True) for _ in range(2))
            print(f"{kind:26}{slow:>14,.0f}{fast:>12,.0f}{fast / slow:>8.1f}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
