"""Source: what every place that data is read from has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from faultmaven_lib.model.window import Window

if TYPE_CHECKING:
    import pandas as pd

SourceKind = Literal["logs", "metrics", "changes", "traces", "alerts", "table"]


@runtime_checkable
class Source(Protocol):
    """Reads, redacts and returns plain DataFrames; ``connect`` makes one from a URL or a path.

    The frames follow the conventions of the guide: logs have a UTC index ``time`` and the columns
    ``service, level, message, source, line``; metrics are wide with columns (service, metric); changes
    have ``time, kind, service, version, commit, author, message, files, diff``; traces have a UTC index ``time``
    and ``trace, span, parent, service, name, start, duration, status, kind``.
    """

    kind: SourceKind
    url: str
    """Where it is, without credentials: it is stored with the evidence."""
    key_id: str
    """The redaction key in use; empty if redaction is off."""
    notes: list[str]
    """What happened on the last ``query``: lines skipped, formats guessed, values redacted."""

    def query(self, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Return what matches the text, in the source's own language, inside the window.

        Raises
        ------
        QuerySyntaxError
            If the text is not in the source's language.
        SourceError
            If the source cannot be read.
        """
        ...

    def span(self) -> Window | None:
        """The stretch of time that the source covers, if it can tell."""
        ...
