"""Processes that parse blocks of log files while their parent decompresses: bounded, in order."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from faultmaven_lib.redaction import Redactor
from faultmaven_lib.sources.files import LogFile
from faultmaven_lib.sources.lines import RawBlock
from faultmaven_lib.sources.reading import BlockReader, FileContext
from faultmaven_lib.sources.streaming import Answer, Question

_AHEAD = 2
"""Blocks that wait for each worker: enough that none idles, few enough that memory stays bounded."""
_given: tuple[Question, Redactor] | None = None  # of this process, if it is a worker


class Workers:
    """Some processes that answer one question from blocks of files; a context manager.

    Parameters
    ----------
    number
        How many; with 0 there are none, and no file can be read by them.
    question
        What is asked.
    clean
        Redacts, under the same key in every process.
    """

    def __init__(self, number: int, question: Question, clean: Redactor) -> None:
        self.number = number
        self._pool: ProcessPoolExecutor | None = None
        self._given = (question, clean)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def can_read(self, file: LogFile) -> bool:
        """Whether there are workers, and blocks of the file can be sent to them."""
        if self.number < 1 or not file.in_parts:
            return False
        try:
            pickle.dumps(file.context)
        except (pickle.PicklingError, AttributeError, TypeError):  # a format that was defined inside a function
            return False
        return True

    def answers(self, file: LogFile) -> Iterator[Answer]:
        """Yield the answers of a file in the order of its blocks."""
        if self._pool is None:
            # Spawned, not forked: Arrow's and NumPy's threads do not survive a fork.
            self._pool = ProcessPoolExecutor(
                self.number, mp_context=get_context("spawn"), initializer=_begin, initargs=self._given
            )
        waiting: deque[Future[list[Answer]]] = deque()
        for raw in file.blocks:
            waiting.append(self._pool.submit(_answer, file.context, raw))
            if len(waiting) > _AHEAD * self.number:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _begin(question: Question, clean: Redactor) -> None:
    global _given  # noqa: PLW0603 (set once, as a process starts)
    _given = (question, clean)


def _answer(context: FileContext, raw: RawBlock) -> list[Answer]:
    assert _given is not None  # noqa: S101 (the initializer has run)
    question, clean = _given
    return list(BlockReader(context).answers(raw, question, clean, whole=True))
