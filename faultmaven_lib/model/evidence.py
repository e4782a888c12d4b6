"""Evidence: a query, a source, a window, and what came back."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from faultmaven_lib.model.noun import Moment, Noun
from faultmaven_lib.model.window import Window

if TYPE_CHECKING:
    import pandas as pd


class Operation(Noun):
    """What derived a result from its parents: an analyzer, its parameters, its version.

    Equal parameters on equal parents give an equal result, so that a derived result can be verified.
    """

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    version: int = 1
    rows: int | None = None
    """Rows of the whole result: a frame with fewer is a selection of it."""


class Evidence(Noun):
    """One numbered entry of the ledger.

    ``kind`` says how it can be had again: a ``query`` is sent to its source, a ``derived`` result is
    computed again from its ``parents`` by its ``operation``, a ``manual`` one cannot be had again.

    Examples
    --------
    >>> from faultmaven_lib.evidence import Ledger
    >>> import pandas as pd
    >>> entry = Ledger().record(pd.DataFrame({"level": ["ERROR"]}), source="logs", query="level=ERROR")
    >>> entry.id, entry.label, entry.rows, entry.rerunnable
    ('E1', 'logs: level=ERROR', 1, True)
    >>> entry.frame["level"].tolist()
    ['ERROR']
    """

    id: str
    kind: Literal["query", "derived", "manual"]
    source: str = ""
    """Name under which the source is connected."""
    url: str = ""
    """Where the source was, without credentials."""
    query: str = ""
    window: Window | None = None
    taken_at: Moment
    rows: int
    columns: tuple[str, ...] = ()
    sha256: str
    """Of the canonical result: see ``faultmaven_lib.evidence.fingerprint``."""
    parents: tuple[str, ...] = ()
    operation: Operation | None = None
    cell: str | None = None
    """The notebook cell that recorded it, if any."""
    key_id: str = ""
    """Which redaction key made the tokens in the result; empty if nothing was redacted."""
    notes: tuple[str, ...] = ()
    """What the reader should know: lines skipped, a guess at a time zone, values redacted."""
    partial: bool = False
    """The stored result is a head only, the whole was larger than the bound."""
    summary: dict[str, Any] = Field(default_factory=dict)
    """Of a partial result: counts by column value and by minute, and the range of each number."""
    snapshot: bytes = Field(default=b"", repr=False, exclude=True)
    """The redacted result as Parquet."""

    @property
    def rerunnable(self) -> bool:
        """Whether ``verify`` can run it again in principle."""
        return self.kind == "query" or (self.kind == "derived" and self.operation is not None)

    @property
    def frame(self) -> pd.DataFrame:
        """The stored result; the first rows of it if ``partial``."""
        import io

        import pandas as pd

        if not self.snapshot:
            return pd.DataFrame()
        # Without Arrow's own threads: one that is still starting when Python exits aborts the process.
        return pd.read_parquet(io.BytesIO(self.snapshot), use_threads=False, pre_buffer=False)

    @property
    def label(self) -> str:
        """The entry in one line: what was asked of what."""
        if self.kind == "query":
            return f"{self.source}: {self.query or 'everything'}"
        if self.operation is not None:
            return f"{self.operation.name} of {', '.join(self.parents)}"
        return "added by hand"


class Outcome(StrEnum):
    """What running evidence again can show."""

    SAME = "same"
    CHANGED = "changed"
    SOURCE_GONE = "source gone"
    OTHER_KEY = "other redaction key"
    NOT_RERUNNABLE = "not re-runnable"


class Verification(Noun):
    """The result of running one evidence again."""

    evidence: str
    outcome: Outcome
    difference: str = ""
    """In words: rows that came and went, columns that differ, or why it could not be run."""
    added: int = 0
    removed: int = 0
    intact: bool = True
    """The stored snapshot still has the recorded fingerprint."""
    examples: tuple[str, ...] = ()
    """Some rows that came (``+ …``) or went (``- …``)."""
