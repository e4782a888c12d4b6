"""Templates from lines: how right and how fast, beside Drain3 and Brain.

Reads ``$FAULTMAVEN_BENCH_DATA/logs``. Every parser has one configuration for all systems and gets the corrections of
``template_scores``, as the labels do. Speeds are lines per CPU second in one process, message bodies to ids, and their
ratios to Drain3's on the same lines. Run it as
``python tests/bench/bench_templates.py [accuracy] [recorded] [speed] [stress] [order] [endless] [first] [LINES]``
(default: all, 200,000 lines). ``order`` and ``endless`` make their lines; ``recorded`` needs no public data, either:
its lines are those of the shipped recordings, labelled by the log statements of the recorded shop, with all that
another process wrote left out.
``make bench`` installs the peers.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.analysis import TemplateMiner
from tests.bench.recorded_lines import labelled_messages
from tests.bench.template_bounds import endless, order
from tests.bench.template_scores import Scores, corrected_scores, mean, redrawn

SYSTEMS = ("Android", "Apache", "BGL", "HDFS", "Linux", "OpenSSH", "OpenStack", "Windows")
_PEER_LINES = 30_000
"""Drain3 needs no more lines to show its speed."""
_EDGE = r"((?<=[^A-Za-z0-9])|^)({})((?=[^A-Za-z0-9])|$)"
# What Drain3's README masks.
_MASKS = [
    (_EDGE.format(r"([0-9a-f]{2,}:){3,}([0-9a-f]{2,})"), "ID"),
    (_EDGE.format(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"), "IP"),
    (_EDGE.format(r"([0-9a-f]{6,} ?){3,}"), "SEQ"),
    (_EDGE.format(r"([0-9A-F]{4} ?){4,}"), "SEQ"),
    (_EDGE.format(r"0x[a-f0-9A-F]+"), "HEX"),
    (_EDGE.format(r"[\-\+]?\d+"), "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
]
Parse = Callable[[list[str]], tuple[list[str], list[str]]]
"""From lines to the template and the group of each."""


def faultmaven(lines: list[str]) -> tuple[list[str], list[str]]:
    """Parse with the miner of this project."""
    miner = TemplateMiner()
    ids = miner.fit_transform(lines)
    known = miner.templates_["template"].to_dict()
    return [known.get(i, i) for i in ids], list(ids)


def drain3(lines: list[str]) -> tuple[list[str], list[str]]:
    """Parse with Drain3 and the masks of its README."""
    from drain3 import TemplateMiner as Drain
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(*mask) for mask in _MASKS]
    config.profiling_enabled = False
    drain = Drain(config=config)
    ids = [drain.add_log_message(line)["cluster_id"] for line in lines]
    text = {c.cluster_id: c.get_template() for c in drain.drain.clusters}
    for name in {name for _, name in _MASKS}:
        for form in (f"<{name}>", f"<:{name}:>"):
            text = {i: t.replace(form, "<*>") for i, t in text.items()}
    return [text[i] for i in ids], [str(i) for i in ids]


def brain(lines: list[str]) -> tuple[list[str], list[str]]:
    """Parse with logparser3's Brain, one setting for all."""
    from logparser.Brain import LogParser

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.log").write_text("\n".join(lines) + "\n")
        out = sys.stdout
        sys.stdout = sys.stderr
        try:
            LogParser(
                logname="x",
                log_format="<Content>",
                indir=folder,
                outdir=folder,
                threshold=2,
                delimeter=[r""],
                rex=[r"\d+"],
            ).parse("x.log")
        finally:
            sys.stdout = out
        found = pd.read_csv(Path(folder) / "x.log_structured.csv", keep_default_na=False, dtype=str)
    return found["EventTemplate"].tolist(), found["EventId"].tolist()


def parsers() -> dict[str, Parse]:
    """Return the parsers that are installed; say which are not."""
    found: dict[str, Parse] = {"faultmaven": faultmaven}
    for name, module, parse in (("Drain3", "drain3", drain3), ("Brain", "logparser", brain)):
        if importlib.util.find_spec(module):
            found[name] = parse
        else:
            print(f"MISSING: {name} is not installed; its rows are left out")
    return found


def labelled(logs: Path, system: str) -> list[tuple[str, str]]:
    """Return the lines of a system and their templates."""
    path = logs / "loghub_2k" / system / f"{system}_2k.log_structured_corrected.csv"
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        return [(row["Content"], row["EventTemplate"]) for row in csv.DictReader(file)]


def _row(label: str, score: Scores) -> str:
    return f"{label:24s}" + "".join(f"  {name} {value:.3f}" for name, value in score.items())


def accuracy(logs: Path) -> None:
    """Print the scores of every parser on every system."""
    print("== accuracy, 2,000 lines of each system, one configuration, corrected")
    for name, parse in parsers().items():
        every = []
        for system in SYSTEMS:
            lines, truth = zip(*labelled(logs, system), strict=True)
            try:
                every.append(corrected_scores(*_first(parse(list(lines)), list(truth))))
            except Exception as error:  # noqa: BLE001  # a peer that fails on one system is told, and left out there
                print(f"FAILED: {name} on {system}: {error!r}")
                continue
            print(_row(f"{name} {system}", every[-1]))
        if every:
            print(_row(f"{name} mean of {len(every)}", mean(every)))


def recorded() -> None:
    """Print scores and speeds on the shipped recordings."""
    lines, truth = map(list, zip(*labelled_messages(), strict=True))
    print(f"== recordings, {len(lines):,} lines of {len(set(truth))} log statements, corrected")
    for name, parse in parsers().items():
        began = time.process_time()
        found = parse(lines)
        spent = time.process_time() - began
        print(
            _row(name, corrected_scores(*_first(found, truth))) + f"  {len(lines) / spent / 1e3:8,.0f} thousand lines/s"
        )


def _first(parsed: tuple[list[str], list[str]], truth: list[str]) -> tuple[list[str], list[str], list[str]]:
    return parsed[0], truth, parsed[1]


def _cpu(parse: Callable[[], object]) -> float:
    began = time.process_time()
    parse()
    return time.process_time() - began


def _speeds(label: str, lines: list[str]) -> None:
    mine = min(_cpu(lambda: TemplateMiner().fit_transform(lines)) for _ in range(2))
    line = f"{label:24s}  {len(lines) / mine / 1e3:8,.0f} thousand lines/s"
    if importlib.util.find_spec("drain3"):
        few = lines[:_PEER_LINES]
        theirs = len(few) / _cpu(lambda: drain3(few))
        line += f"   Drain3 {theirs / 1e3:5.1f}   ratio {len(lines) / mine / theirs:6.1f}"
    print(line, flush=True)


def speed(logs: Path, n: int) -> None:
    """Print speeds on real lines and on friendly replays."""
    print("== speed, lines per CPU second")
    TemplateMiner().fit_transform(["compiled 1"])
    real = sorted(logs.glob("hdfs_events*.parquet"))
    if real:
        _speeds("HDFS, real", pd.read_parquet(real[0])["m_message"].tolist())
    else:
        print("MISSING: hdfs_events*.parquet")
    for system in SYSTEMS:
        _speeds(f"{system}, digits redrawn", redrawn(labelled(logs, system), n, words=False)[0])


def stress(logs: Path, n: int) -> None:
    """Print speed and accuracy where the letters of values differ as well, so that no mask helps."""
    print("== word-variable stress")
    TemplateMiner().fit_transform(["compiled 1"])
    for system in SYSTEMS:
        rows = labelled(logs, system)
        lines, truth = redrawn(rows, n, words=True)
        _speeds(f"{system}, words redrawn", lines)
        text, groups = faultmaven(lines)
        small, small_groups = faultmaven([line for line, _ in rows])
        before = corrected_scores(small, [t for _, t in rows], small_groups)["GA"]
        print(_row(f"  GA was {before:.3f}", corrected_scores(text, truth, groups)))


def first() -> None:
    """Print what the first call costs: in a fresh process without a cache, and with one."""
    print("== first call in a fresh process, CPU seconds")
    code = (
        "import time; from faultmaven_lib.analysis import TemplateMiner; began = time.process_time();"
        "TemplateMiner().fit_transform(['took 12 ms', 'disk full']); print(round(time.process_time() - began, 2))"
    )
    with tempfile.TemporaryDirectory() as folder:
        for label in ("compiling", "from the cache"):
            environment = os.environ | {"NUMBA_CACHE_DIR": folder}
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
            )
            print(f"{label:24s}  {done.stdout.strip()} s")


WITHOUT_DATA = {"first": first, "recorded": recorded, "order": order, "endless": endless}


def main() -> int:
    """Print the tables that are asked for, or why there are none."""
    asked = {a for a in sys.argv[1:] if not a.isdigit()} or {*WITHOUT_DATA, "accuracy", "speed", "stress"}
    n = next((int(a) for a in sys.argv[1:] if a.isdigit()), 200_000)
    for name, table in WITHOUT_DATA.items():
        if name in asked:
            table()
    if asked <= WITHOUT_DATA.keys():
        return 0
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    if not home:
        print("SKIPPED: FAULTMAVEN_BENCH_DATA is not set; it names the folder with the public data")
        return 0
    logs = Path(home) / "logs"
    if "accuracy" in asked:
        accuracy(logs)
    if "speed" in asked:
        speed(logs, n)
    if "stress" in asked:
        stress(logs, n)
    return 0


if __name__ == "__main__":
    sys.exit(main())
