"""The command line: ``python -m tests.recorder record --out DIR``."""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from types import FrameType

from .batch import record_all
from .programs import RecorderError, require_all
from .recording import record
from .runs import RUNS, Run


def _terminated(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.recorder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="list the runs")
    command = commands.add_parser("record", help="record runs; those that lie in DIR already are left as they are")
    command.add_argument("--out", type=Path, required=True, help="gets recordings/NAME/ and truth/NAME.json")
    command.add_argument(
        "--only", metavar="PATTERN", default="*", help="runs whose name or kind matches, as in 'shop-0*' or 'memory*'"
    )
    command.add_argument("--shipped", action="store_true", help="only those that come with the package")
    command.add_argument("--seed", type=int, default=1, help="another seed makes other recordings of the same runs")
    command.add_argument("--jobs", type=int, default=2, help="how many at a time")
    command.add_argument("--again", action="store_true", help="also those that lie there already")
    command.add_argument("--baseline-seconds", type=int, help="for a short try: another length")
    command.add_argument("--incident-seconds", type=int)
    command.add_argument("--one", metavar="NAME", help=argparse.SUPPRESS)  # what a batch starts for each
    return parser


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.command == "list":
        for name, run in RUNS.items():
            print(f"{name:16}{run.key:30}{run.kind:22}{'shipped' if run.shipped else ''}")
        return 0
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
    try:
        if arguments.one:
            return _one(arguments)
        require_all()
        names = [name for name, run in RUNS.items() if _wanted(name, run, arguments)]
        if not names:
            raise RecorderError(f"no run matches {arguments.only!r}: python -m tests.recorder list")
        failed = record_all(
            names,
            arguments.out,
            seed=arguments.seed,
            jobs=arguments.jobs,
            again=arguments.again,
            lengths=(arguments.baseline_seconds, arguments.incident_seconds),
        )
        if failed:
            raise RecorderError(f"{len(failed)} of {len(names)} failed: {', '.join(failed)}")
    except (RecorderError, OSError) as error:  # also a program or a folder that may not be used
        print(f"cannot record: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: all processes were ended, and what was not finished is not written", file=sys.stderr)
        return 130
    return 0


def _wanted(name: str, run: Run, arguments: argparse.Namespace) -> bool:
    if arguments.shipped and not run.shipped:
        return False
    if arguments.only in RUNS:  # a name goes before a kind of the same name
        return name == arguments.only
    return any(fnmatchcase(text, arguments.only) for text in (name, run.kind, run.key))


def _one(arguments: argparse.Namespace) -> int:
    run = RUNS[arguments.one]
    lengths = {"baseline_seconds": arguments.baseline_seconds, "incident_seconds": arguments.incident_seconds}
    run = dataclasses.replace(run, **{key: value for key, value in lengths.items() if value})
    number = list(RUNS).index(arguments.one)
    with _machine(alone=run.alone):
        folder = record(
            run,
            arguments.one,
            arguments.out,
            seed=arguments.seed * 100 + number,
            say=lambda line: print(f"{arguments.one}: {line}", flush=True),
        )
    print(f"{arguments.one}: recorded in {folder}", flush=True)
    return 0


@contextmanager
def _machine(*, alone: bool) -> Iterator[None]:
    """Share the machine with other recordings, also of another batch, or have it alone."""
    with (Path(tempfile.gettempdir()) / "faultmaven-recorder.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


if __name__ == "__main__":
    sys.exit(main())
