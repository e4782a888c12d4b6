"""``connect``: a source from a path, a glob, a URL, or a DataFrame; a registry by scheme, open to plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from faultmaven_lib.exceptions import FaultMavenError, SourceError
from faultmaven_lib.model import Source, SourceKind
from faultmaven_lib.sources.opening import Pasted
from faultmaven_lib.sources.urls import file_targets, file_url, files_of, scheme_of, without_credentials

if TYPE_CHECKING:
    import pandas as pd

    from faultmaven_lib.sources.formats import Format

GROUP = "faultmaven.sources"
"""Entry points of this group add schemes: each is called as ``f(url, kind=…, name=…)`` and returns a Source."""
Opener = Callable[..., Source]


def connect(
    target: str | Path | Sequence[str | Path] | pd.DataFrame,
    *,
    kind: SourceKind | None = None,
    name: str | None = None,
    format: str | None = None,  # noqa: A002 (what it is called everywhere)
) -> Source:
    """Make a source of whatever holds the data.

    Parameters
    ----------
    target
        A path, a glob (``logs/*.log.gz``), a folder, a list of these, a ``file:`` URL, a URL of a scheme out of
        ``schemes()``, or a DataFrame.
    kind
        ``logs``, ``metrics``, ``changes`` or ``traces``, where it should not be told from the files.
    name
        What the source is called; of a DataFrame it becomes the URL ``memory:name``.
    format
        The format of log files, where it should not be told from their lines: a name (``nginx``, ``json``,
        ``syslog``) or a pattern such as ``<time> <level> [<service>] <message>``.

    Returns
    -------
    Source
        With ``query(text, window)``, ``span()``, ``notes`` and, for files, ``report``. Its ``url`` has no
        credentials and can be connected again.

    Raises
    ------
    SourceError
        If nothing matches, the scheme or the format is not known, or the files are of different kinds.

    Examples
    --------
    >>> import pandas as pd
    >>> lines = pd.DataFrame({"time": ["2026-03-01T14:02:00Z"], "level": ["warn"], "message": ["slow"]})
    >>> source = connect(lines)
    >>> source.kind, source.query("level=WARNING")["message"].tolist()
    ('logs', ['slow'])
    """
    if kind is not None and kind not in get_args(SourceKind):
        raise SourceError(f"there is no kind {kind!r}: it is one of {', '.join(get_args(SourceKind))}")
    if format is not None:
        _takes_format(target, kind)
    if _is_frame(target):
        from faultmaven_lib.sources.frames import FrameSource

        return FrameSource(target, kind, name or "")  # type: ignore[arg-type]
    if isinstance(target, str | Path):
        scheme = scheme_of(target) if isinstance(target, str) else ""
        if scheme:
            given = {"log_format": format} if scheme == "file" else {}
            return _opener(scheme, str(target))(str(target), kind=kind, name=name, **given)
        return _files([str(target)], kind, name, format)
    if isinstance(target, Sequence) and all(isinstance(t, str | Path) for t in target):
        if not target:
            raise SourceError("an empty list of files: name at least one")
        targets: list[str] = []
        for item in map(str, target):
            if scheme_of(item) == "file":
                targets += file_targets(item)[0]
            elif scheme_of(item):
                raise SourceError(f"{without_credentials(item)} is not a file: connect it on its own")
            else:
                targets.append(item)
        return _files(targets, kind, name, format)
    raise SourceError(
        f"a {type(target).__name__} is not a source: give a path, a glob, a URL, a list of files or a DataFrame"
    )


def schemes() -> tuple[str, ...]:
    """Return the schemes that ``connect`` knows, those of installed plug-ins among them.

    Examples
    --------
    >>> {"file", "prometheus+http"} <= set(schemes())
    True
    """
    return tuple(sorted({*_BUILT_IN, *(plug_in.name.lower() for plug_in in _plug_ins())}))


def from_text(text: str, *, name: str = "pasted", format: str | None = None) -> Source:  # noqa: A002 (as in connect)
    """Make a source of pasted log lines.

    The text stays in memory; the URL of the source is ``memory:`` and the name; ``format`` is as in ``connect``.

    Examples
    --------
    >>> source = from_text("2026-03-01T14:02:11Z ERROR payment: card gateway timed out")
    >>> source.query()[["level", "message"]].values.tolist()
    [['ERROR', 'payment: card gateway timed out']]
    """
    from faultmaven_lib.sources.logs import LogSource

    pasted = Pasted(name, text.encode("utf-8", "replace"), datetime.now(UTC).replace(microsecond=0))
    return LogSource([pasted], f"memory:{name}", name, fmt=_format(format))


def _takes_format(target: Any, kind: SourceKind | None) -> None:
    listed = isinstance(target, Sequence) and not isinstance(target, str)
    if not (listed or isinstance(target, Path) or (isinstance(target, str) and scheme_of(target) in ("", "file"))):
        raise SourceError("format= tells how to read log files: this is none")
    if kind not in (None, "logs"):
        raise SourceError(f"format= tells how to read log files: they are not read as {kind}")


def _is_frame(target: Any) -> bool:
    # Without importing pandas for those who connect files from the command line's help.
    return type(target).__name__ == "DataFrame" and hasattr(target, "columns")


def _plug_ins() -> list[EntryPoint]:
    try:
        return list(entry_points(group=GROUP))
    except Exception:  # noqa: BLE001 (broken metadata of any installed package must not break files)
        return []


def _opener(scheme: str, target: str) -> Opener:
    if scheme in _BUILT_IN:
        return _BUILT_IN[scheme]
    plug_in = next((p for p in _plug_ins() if p.name.lower() == scheme), None)
    if plug_in is None:
        raise SourceError(
            f"the scheme {scheme} of {without_credentials(target)} is not known; known are {', '.join(schemes())}"
        )
    try:
        load: Opener = plug_in.load()
    except Exception as error:
        raise SourceError(f"the plug-in for {scheme} ({plug_in.value}) cannot be loaded: {error}") from error

    def open_with(url: str, **options: Any) -> Source:
        try:
            return load(url, **options)
        except FaultMavenError:
            raise
        except Exception as error:
            raise SourceError(f"the plug-in for {scheme} ({plug_in.value}) failed: {error}") from error

    return open_with


def _file(url: str, *, kind: SourceKind | None, name: str | None, log_format: str | None = None) -> Source:
    targets, given = file_targets(url)
    known = given["kind"] if given.get("kind") in get_args(SourceKind) else None
    # mypy does not narrow a str by its being among get_args of a Literal.
    return _files(targets, kind or known, name, log_format or given.get("format"))  # type: ignore[arg-type]


def _format(text: str | None) -> Format | None:
    if text is None:
        return None
    from faultmaven_lib.sources.formats.naming import format_named

    return format_named(text)


def _files(targets: list[str], kind: SourceKind | None, name: str | None, log_format: str | None = None) -> Source:
    fmt = _format(log_format)
    kind = "logs" if fmt is not None else kind
    paths = list(dict.fromkeys(path for target in targets for path in files_of(target)))
    url = file_url(targets, kind, log_format)
    label = name or ""
    if kind is None:
        from faultmaven_lib.sources.detecting import kind_of

        kinds = {path: kind_of(path) for path in paths}
        found = sorted(set(kinds.values()))
        if len(found) > 1:
            examples = "; ".join(f"{k}: {next(p.name for p, v in kinds.items() if v == k)}" for k in found)
            raise SourceError(f"the files are of different kinds ({examples}): connect them apart, or give kind=")
        kind = found[0]
    if kind == "logs":
        from faultmaven_lib.sources.logs import LogSource

        return LogSource(paths, url, label, fmt=fmt)
    if kind == "metrics":
        from faultmaven_lib.sources.metrics import MetricSource

        return MetricSource(paths, url, label)
    if kind == "changes":
        from faultmaven_lib.sources.changes import ChangeSource

        return ChangeSource(paths, url, label)
    if kind == "traces":
        from faultmaven_lib.sources.traces import TraceSource

        return TraceSource(paths, url, label)
    raise SourceError(f"files cannot be read as {kind}: kind is logs, metrics, changes or traces")


def _prometheus(url: str, *, kind: SourceKind | None, name: str | None) -> Source:
    if kind not in (None, "metrics"):
        raise SourceError(f"Prometheus holds metrics, not {kind}")
    from faultmaven_lib.sources.prometheus import PrometheusSource

    return PrometheusSource(url, name or "")


_BUILT_IN: dict[str, Opener] = {"file": _file, "prometheus+http": _prometheus, "prometheus+https": _prometheus}
