"""Many log files at once: mined and digested over the cores of one machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from faultmaven_lib.analysis.logs.digests import Digest, digest
from faultmaven_lib.analysis.logs.miner import TemplateMiner
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Window
from faultmaven_lib.redaction import redactor
from faultmaven_lib.sources import connect
from faultmaven_lib.sources.logs import LogSource


def digest_files(
    files: str | Path | Sequence[str | Path],
    windows: Sequence[Window] = (),
    *,
    query: str = "",
    format: str | None = None,  # noqa: A002 (as in connect)
    workers: int | None = None,
    progress: bool = True,
) -> list[Digest]:
    """Read log files of any size once, on all cores, and return what the comparison of windows needs of them.

    Files are shared out among processes, whose digests are merged; fewer files than processes are parsed in parts.
    The result is the same in either case, and the same as that of one process.

    Parameters
    ----------
    files
        Paths and globs, as ``connect`` takes them.
    windows
        A digest is made for each, for instance for baseline and incident; without any, one of all lines.
    query, format
        As in ``LogSource.query`` and ``connect``.
    workers
        Processes; without it as many as there are cores, with 0 none but this one. They are spawned: a script needs
        ``if __name__ == "__main__":`` around its code.
    progress
        Whether to show it.

    Raises
    ------
    SourceError
        If none of the files could be read. What is wrong with one of several is in the ``notes`` of the digests.

    Examples
    --------
    >>> from faultmaven_lib.analysis.logs import LogAnalyzer
    >>> before, after = digest_files("logs/*.log.gz", [calm, storm])  # doctest: +SKIP
    >>> LogAnalyzer().fit(before).compare(after)  # doctest: +SKIP
    """
    source = connect([files] if isinstance(files, str | Path) else list(files), kind="logs", format=format)
    assert isinstance(source, LogSource)  # noqa: S101 (connect returns no other for files of logs)
    number = (os.cpu_count() or 1) if workers is None else workers
    if not 1 < number <= len(source.paths) or redactor().note:  # a key of this process is not that of others
        return _in_parts(source, windows, query, number if number > 1 else 0, progress)
    paths = sorted((Path(str(path)) for path in source.paths), key=lambda path: -path.stat().st_size)
    failed: list[str] = []
    found: list[Digest] = []
    with (
        ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool,
        tqdm(total=len(paths), unit="file", disable=not progress) as bar,
    ):
        tasks: dict[Future[list[Digest]], Path] = {
            pool.submit(_of_file, str(path), list(windows), query, format): path for path in paths
        }
        try:
            for done in as_completed(tasks):
                try:
                    part = done.result()
                except SourceError as error:
                    failed.append(str(error))
                    continue
                finally:
                    bar.update()
                found = [one.merge(other) for one, other in zip(found, part, strict=True)] if found else part
                bar.set_postfix(lines=f"{sum(one.lines for one in found):,}")
                del tasks[done]  # and the digest in it
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if not found:
        raise SourceError(failed[0] + (f" (and {len(failed) - 1} more files)" if len(failed) > 1 else ""))
    for one in found:
        one.notes += failed
    return found


def mine_files(
    files: str | Path | Sequence[str | Path],
    *,
    query: str = "",
    format: str | None = None,  # noqa: A002 (as in connect)
    workers: int | None = None,
    progress: bool = True,
) -> TemplateMiner:
    """Mine the templates of log files of any size on all cores; parameters as in ``digest_files``.

    Examples
    --------
    >>> mine_files("logs/*.log.gz").templates_  # doctest: +SKIP
    """
    (found,) = digest_files(files, query=query, format=format, workers=workers, progress=progress)
    return found.miner


def _in_parts(source: LogSource, windows: Sequence[Window], query: str, workers: int, progress: bool) -> list[Digest]:
    """Read file after file, each parsed by several processes."""
    with (
        tqdm(unit=" lines", unit_scale=True, disable=not progress) as bar,
        closing(source.frames(query, workers=workers)) as frames,
    ):

        def shown() -> Iterator[pd.DataFrame]:
            for frame in frames:
                bar.update(len(frame))
                yield frame

        found = digest(shown(), windows)
    for one in found:
        one.notes += source.notes
    return found


def _of_file(path: str, windows: list[Window], query: str, log_format: str | None) -> list[Digest]:
    source = connect([path], kind="logs", format=log_format)
    assert isinstance(source, LogSource)  # noqa: S101
    found = digest(source.frames(query), windows)
    for one in found:
        one.notes += source.notes
    return found
