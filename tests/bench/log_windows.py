"""Real logs to plant changes in, and pairs of windows between which nothing changed.

Every log belongs to one half: rules are made on ``DEVELOPMENT``, the other half judges them. The split is by what was
recorded or collected: the recordings by kind of fault as ``faultmaven_lib/datasets/split.json`` has it, HDFS by time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from faultmaven_lib import connect
from faultmaven_lib.datasets import list_incidents, load_incident, load_truth
from faultmaven_lib.model import Window

DEVELOPMENT, HELD_OUT = "development", "held out"
_PUBLIC = {
    "OpenSSH": DEVELOPMENT,
    "Apache": DEVELOPMENT,
    "Linux": HELD_OUT,
    "OpenStack": HELD_OUT,
    "Windows": HELD_OUT,
}
"""The systems of loghub whose lines the reader can date: of the others it takes no time."""
_LEAST_LINES = 100
_SHORT = ("10s", "15s", "20s", "30s", "45s", "60s")
"""Lengths of healthy windows in recordings."""


@dataclass(frozen=True)
class Pair:
    """Two windows of one length, the second right after the first."""

    log: str
    before: pd.DataFrame
    after: pd.DataFrame
    windows: tuple[Window, Window]


@dataclass(frozen=True)
class Log:
    """A stretch of a real log without a known fault.

    ``changes`` are the moments of changes that were recorded, all innocent; ``lengths`` those of windows to plant in.
    """

    name: str
    kind: str
    half: str
    frame: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp
    lengths: tuple[pd.Timedelta, ...]
    changes: tuple[pd.Timestamp, ...] = ()

    def pairs(self, start: pd.Timestamp, end: pd.Timestamp, lengths: Sequence[pd.Timedelta]) -> Iterator[Pair]:
        """Yield all pairs of adjacent windows within a stretch that hold enough lines."""
        for length in lengths:
            for i in range(int((end - start) / length) - 1):
                edges = [start + (i + k) * length for k in range(3)]
                cut = self.frame.index.searchsorted(edges)
                before, after = self.frame.iloc[cut[0] : cut[1]], self.frame.iloc[cut[1] : cut[2]]
                if min(len(before), len(after)) >= _LEAST_LINES:
                    windows = Window(start=edges[0], end=edges[1]), Window(start=edges[1], end=edges[2])
                    yield Pair(self.name, before, after, windows)

    def to_plant_in(self) -> list[Pair]:
        """Return pairs for trials."""
        return list(self.pairs(self.start, self.end, self.lengths))


def recordings(folder: Path | None = None) -> Iterator[Log]:
    """Yield of each recording the stretch before its fault, or all of it if there is none."""
    split = json.loads((Path(__file__).parents[2] / "faultmaven_lib" / "datasets" / "split.json").read_text())
    names = list_incidents() if folder is None else sorted(p for p in folder.iterdir() if p.is_dir())
    for name in names:
        incident, truth = load_incident(name), load_truth(name)
        start = pd.Timestamp(incident.baseline.start)
        end = pd.Timestamp(truth.onset or incident.window.end)
        frame = connect(incident.sources["logs"], kind="logs").query(window=Window(start=start, end=end))
        half = DEVELOPMENT if truth.kind in split["dev"] else HELD_OUT
        spans = tuple((end - start) / k for k in (2, 3, 4))
        changes = tuple(
            t for t in connect(incident.sources["changes"], kind="changes").query()["time"] if start < t < end
        )
        yield Log(Path(name).name, "recordings", half, frame, start, end, spans, changes)


def public(logs: Path) -> Iterator[Log]:
    """Yield the public logs that are there; say which are not."""
    hdfs = _hdfs(logs)
    if hdfs is None:
        print("MISSING: hdfs_events_2percent.parquet")
    else:
        start, end = hdfs.index[0].floor("h"), hdfs.index[-1]
        middle = (start + (end - start) / 2).floor("h")
        lengths = tuple(pd.Timedelta(t) for t in ("10min", "30min", "60min"))
        for half, low, high in ((DEVELOPMENT, start, middle), (HELD_OUT, middle, end)):
            name = f"HDFS, {'first' if half == DEVELOPMENT else 'last'} hours"
            yield Log(
                name, "HDFS", half, hdfs[low : high - pd.Timedelta("1ns")].drop(columns="block"), low, high, lengths
            )
    for system, half in _PUBLIC.items():
        path = logs / "loghub_2k" / system / f"{system}_2k.log"
        if not path.exists():
            print(f"MISSING: {path.name}")
            continue
        frame = connect(str(path), kind="logs").query()
        start, end = frame.index[0], frame.index[-1] + pd.Timedelta("1s")
        yield Log(system, system, half, frame, start, end, tuple((end - start) / k for k in (2, 3, 4, 6)))


def healthy(logs: Sequence[Log]) -> Iterator[tuple[str, Pair]]:
    """Yield adjacent windows of recordings between which nothing is recorded to have changed.

    A stretch ends at every change, however innocent: what lies on one side of it is compared.
    """
    for log in logs:
        if log.kind == "recordings":
            edges = [log.start, *sorted(log.changes), log.end]
            for start, end in pairwise(edges):
                for pair in log.pairs(start, end, [pd.Timedelta(t) for t in _SHORT]):
                    seconds = pair.windows[0].length.total_seconds()
                    yield f"recordings, windows of {seconds:.0f} s", pair


def dealt(logs: Path, half: str, rng: np.random.Generator) -> Iterator[tuple[str, Pair]]:
    """Yield halves of the same stretch of HDFS: its blocks are dealt to two windows at random.

    All lines of a block go together, as they came. What differs between both is chance by construction, with the
    bursts and waves of the real log in it. Blocks that are labelled anomalous are left out.
    """
    frame = _hdfs(logs)
    if frame is None:
        return
    anomalous = pd.read_parquet(logs / "hdfs_seqs_2percent.parquet").query("anomaly")["seq_id"]
    frame = frame[~frame["block"].isin(anomalous)]
    start = frame.index[0].floor("h")
    middle = (start + (frame.index[-1] - start) / 2).floor("h")
    frame = frame[:middle] if half == DEVELOPMENT else frame[middle:]
    for length in (pd.Timedelta("15min"), pd.Timedelta("60min")):
        for low, lines in frame.groupby(frame.index.floor(length)):
            blocks, block_of = np.unique(lines["block"].to_numpy(dtype=object), return_inverse=True)
            second = (rng.random(len(blocks)) < 0.5)[block_of]
            sides = [lines[~second].drop(columns="block"), lines[second].drop(columns="block")]
            sides[1] = sides[1].set_index(sides[1].index + length)
            if min(map(len, sides)) >= _LEAST_LINES:
                windows = Window(start=low, end=low + length), Window(start=low + length, end=low + 2 * length)
                yield "HDFS, blocks dealt at random", Pair("HDFS", *sides, windows)


def told_for_information(logs: Sequence[Log]) -> Iterator[tuple[str, Pair]]:
    """Yield adjacent windows between which something may really have changed: these count for nothing."""
    for log in logs:
        if log.kind != "recordings":
            for pair in log.pairs(log.start, log.end, log.lengths[:2]):
                yield f"{log.name}, adjacent windows", pair
        for change in log.changes:
            length = pd.Timedelta("20s")
            if log.start <= change - length and change + length <= log.end:
                for pair in log.pairs(change - length, change + length, [length]):
                    yield "recordings, an innocent change between", pair


def _hdfs(logs: Path) -> pd.DataFrame | None:
    path = logs / "hdfs_events_2percent.parquet"
    if not path.exists():
        return None
    table = pd.read_parquet(path)
    frame = pd.DataFrame({"service": "hdfs", "level": table["level"], "message": table["m_message"]})
    frame["block"] = table["seq_id"]
    index = pd.DatetimeIndex(table["m_timestamp"], name="time").tz_localize("UTC")
    return frame.set_index(index).sort_index(kind="stable")
