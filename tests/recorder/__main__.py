"""The command line: ``python -m tests.recorder record --out DIR``."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from .programs import RecorderError
from .recording import SCENARIOS, record


def _terminated(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recorder")
    command = parser.add_subparsers(required=True).add_parser("record", help="record the scenarios again")
    command.add_argument("--out", type=Path, required=True, help="gets recordings/NAME/ and truth/NAME.json")
    command.add_argument("--only", choices=sorted(SCENARIOS), help="one scenario; default: all")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--baseline-seconds", type=int, default=180)
    command.add_argument("--incident-seconds", type=int, default=150)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _terminated)
    names = [arguments.only] if arguments.only else list(SCENARIOS)
    try:
        for name in names:
            folder = record(
                SCENARIOS[name],
                arguments.out,
                seed=arguments.seed,
                baseline_seconds=arguments.baseline_seconds,
                incident_seconds=arguments.incident_seconds,
                say=lambda line, name=name: print(f"{name}: {line}", flush=True),  # type: ignore[misc]
            )
            print(f"{name}: recorded in {folder}", flush=True)
    except (RecorderError, OSError) as error:  # also a program or a folder that may not be used
        print(f"cannot record: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: all processes were ended, and what was not finished is not written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
