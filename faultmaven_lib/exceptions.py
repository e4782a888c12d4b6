"""Errors that FaultMaven raises on purpose.

Every one of them says what is wrong, where, and how to mend it, so that a face (notebook, command line,
report) can show the message as it is.
"""

from __future__ import annotations


class FaultMavenError(Exception):
    """The base of all errors below: catch it to catch them all."""


class SourceError(FaultMavenError):
    """A source cannot be opened or read: a path that matches nothing, a table without a time column."""


class QuerySyntaxError(SourceError):
    """A query that the source's language does not accept.

    Parameters
    ----------
    message
        What is wrong.
    query
        The whole query.
    position
        Offset of the offending character, counted from 0.

    Examples
    --------
    >>> print(QuerySyntaxError("a closing quote is missing", 'service="a', 8))
    a closing quote is missing, at position 8:
      service="a
              ^
    """

    def __init__(self, message: str, query: str, position: int) -> None:
        self.query = query
        self.position = position
        super().__init__(f"{message}, at position {position}:\n  {query}\n  {' ' * position}^")


class WindowError(FaultMavenError):
    """A time or a window that cannot be used: no time zone, or an end before its start."""


class UnsupportedClaim(FaultMavenError):
    """A sentence in an answer or a report that its evidence does not carry.

    Parameters
    ----------
    problems
        One sentence a problem, each naming the claim and what is missing.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(problems))


class UnknownEvidence(FaultMavenError, KeyError):
    """An evidence id that the ledger does not hold."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NotRerunnable(FaultMavenError):
    """Evidence that has no query and no operation that could be run again."""


class CaseNotFound(FaultMavenError, LookupError):
    """The store holds no case of that id."""


class ConflictError(FaultMavenError):
    """Somebody else saved the case since it was loaded: nothing was written.

    Parameters
    ----------
    case_id
        The case.
    ours, theirs
        The version that was loaded, and the one the store holds now.
    by, at
        Who saved the stored version and when, as the audit says.
    """

    def __init__(self, case_id: str, ours: int, theirs: int, by: str = "", at: str = "") -> None:
        self.case_id, self.ours, self.theirs, self.by, self.at = case_id, ours, theirs, by, at
        who = f" by {by}" if by else ""
        when = f" at {at}" if at else ""
        super().__init__(
            f"case {case_id} was saved{who}{when} as version {theirs} after you loaded version {ours}; nothing "
            "was overwritten: load it again and repeat your change, or save yours under another id with save(as_id=…)"
        )


class StorageError(FaultMavenError):
    """The database cannot be used as it is, for instance because its schema is older than the package."""


class ArchiveError(FaultMavenError):
    """A file that is not a readable .fmz archive."""


class ReportError(FaultMavenError):
    """A report that did not render; what was done so far is kept and named."""


class MissingExtra(FaultMavenError, ImportError):
    """A feature whose optional packages are not installed.

    Examples
    --------
    >>> print(MissingExtra("PostgreSQL", "postgres"))
    PostgreSQL needs the extra "postgres": pip install "faultmaven[postgres]"
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f'{feature} needs the extra "{extra}": pip install "faultmaven[{extra}]"')
