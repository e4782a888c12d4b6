"""One incident after the other: investigate it, then judge what was said."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tqdm import tqdm

from faultmaven_lib.backtest.collecting import Incidents, Known
from faultmaven_lib.backtest.investigating import Said, investigate, told
from faultmaven_lib.backtest.judging import judge
from faultmaven_lib.backtest.keeping import NotKept
from faultmaven_lib.backtest.measures import Row
from faultmaven_lib.backtest.results import Backtest
from faultmaven_lib.exceptions import FaultMavenError


def backtest(incidents: Incidents, *, progress: bool = False) -> Backtest:
    """Investigate every incident of a set on a neutral copy without the truth, and score what was said.

    An incident whose investigation breaks off counts as wrong and is shown with its error. One whose truth cannot be
    read, or of which too little was stored to run it again, cannot be scored: it is listed apart. Interrupted from
    the keyboard, it returns what was done until then, with ``stopped`` set.

    Parameters
    ----------
    incidents
        From ``shipped``, ``recorded`` or ``closed_cases``.
    progress
        Show how far it is, on standard error, where that is a terminal.
    """
    rows: list[Row] = []
    unscored: list[tuple[str, str]] = []
    stopped = False
    bar = tqdm(incidents.known, disable=None if progress else True, unit="incident", leave=False)
    try:
        for number, known in enumerate(bar, 1):
            bar.set_postfix_str(known.name)
            try:
                said = _run(known, number)
                truth = known.truth()
            except FaultMavenError as error:
                unscored.append((known.name, told(error)))
                continue
            rows.append(judge(known.name, said, truth, incidents.split))
    except KeyboardInterrupt:
        stopped = True
    finally:
        bar.close()
    return Backtest(
        incidents.title, tuple(rows), tuple(unscored), asked=len(incidents), notes=incidents.notes, stopped=stopped
    )


def _run(known: Known, number: int) -> Said:
    with tempfile.TemporaryDirectory(prefix="faultmaven-backtest-") as folder:
        try:
            recording = known.lay(Path(folder), number)
        except NotKept:
            raise
        except Exception as error:  # noqa: BLE001 (whatever breaks is counted, and shown)
            return Said(error=told(error))
        return investigate(recording)
