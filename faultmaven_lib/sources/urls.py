"""URLs and paths: what a target names, and how it is written down without credentials."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from faultmaven_lib.exceptions import SourceError

SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):(?=//)|^(file):")
_PLAIN = "/*?[]!-._~+,=@:"


def scheme_of(target: str) -> str:
    """Return the scheme of a URL in lower case; empty for a path.

    Examples
    --------
    >>> scheme_of("prometheus+http://prom:9090"), scheme_of("logs/*.log"), scheme_of("file:a.log")
    ('prometheus+http', '', 'file')
    """
    match = SCHEME.match(target)
    return (match[1] or match[2]).lower() if match else ""


def without_credentials(url: str) -> str:
    """Return a URL without user and password.

    Examples
    --------
    >>> without_credentials("prometheus+https://ann:secret@prom:9090/base")
    'prometheus+https://prom:9090/base'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def file_url(targets: list[str], kind: str | None, log_format: str | None = None) -> str:
    """Return a URL that names files or globs again; several are joined by a blank, what was given is kept.

    Examples
    --------
    >>> file_url(["/var/log/my app.log", "/var/log/*.gz"], "logs")
    'file:///var/log/my%20app.log file:///var/log/*.gz#kind=logs'
    """
    urls = " ".join("file://" + quote(str(Path(t).expanduser().absolute()), safe=_PLAIN) for t in targets)
    given = {"kind": kind, "format": log_format}
    fragment = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)
    return f"{urls}#{fragment}" if fragment else urls


def file_targets(url: str) -> tuple[list[str], dict[str, str]]:
    """Return the paths or globs that ``file:`` URLs name, and what their fragment gives: kind, format.

    Examples
    --------
    >>> file_targets("file:///var/log/my%20app.log file:///b.log#kind=logs")
    (['/var/log/my app.log', '/b.log'], {'kind': 'logs'})
    """
    body, _, fragment = url.partition("#")
    pairs = (pair.partition("=") for pair in fragment.split("&"))
    given = {name: unquote(value) for name, _, value in pairs if name in ("kind", "format") and value}
    parts = re.split(r"\s+(?=file:)", body.strip())
    targets = []
    for part in parts:
        path = part.partition(":")[2]
        if path.startswith("//"):
            host, slash, rest = path[2:].partition("/")
            if host not in ("", "localhost"):
                raise SourceError(f"{part} names a file on {host}: only files of this machine can be read")
            path = slash + rest
        targets.append(unquote(path))
    return targets, given


def files_of(target: str) -> list[Path]:
    """Return the files that a path or a glob names, sorted by name; of a folder, the files in it.

    Raises
    ------
    SourceError
        If there are none, naming the pattern and the folder.
    """
    path = Path(target).expanduser()
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        if not found:
            raise SourceError(f"the folder {path} holds no file")
        return found
    if path.exists():
        if not path.is_file():
            raise SourceError(f"{path} is not a file: devices and pipes are not read")
        return [path]
    if glob.has_magic(str(path)):
        found = sorted(Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file())  # noqa: PTH207
        if found:
            return found
        folder = next(p for p in path.parents if not glob.has_magic(str(p)))
        state = "which holds no such file" if folder.is_dir() else "which does not exist"
        raise SourceError(f"nothing matches {path.relative_to(folder)} in the folder {folder.absolute()}, {state}")
    folder = path.absolute().parent
    state = "" if folder.is_dir() else f" (the folder {folder} does not exist)"
    raise SourceError(f"there is no file {path}{state}")
