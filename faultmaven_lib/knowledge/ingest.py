"""Files into the store: only what changed is read and written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from tqdm.auto import tqdm

from faultmaven_lib.knowledge.folder import File
from faultmaven_lib.knowledge.formats import read
from faultmaven_lib.knowledge.pages import Page
from faultmaven_lib.redaction import Redactor, redactor

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store
    from faultmaven_lib.storage.documents import NewDocument

CHANGES = ("added", "updated", "unchanged", "deleted", "skipped")
CHUNKS = 5_000
"""A file of more sections would crowd out all others."""
_COLUMNS = ("path", "title", "change", "chunks", "note")
_SHAPE = 2
"""Goes up when files are cut otherwise than before, so that they are read again."""
_AT_ONCE = 200
"""Documents that are written in one transaction."""


class Row(NamedTuple):
    """What became of one document."""

    path: str
    title: str
    change: str
    chunks: int = 0
    note: str = ""


class _Known(NamedTuple):
    """A document that is in the store already."""

    title: str
    sha256: str
    file: str
    metadata: dict[str, Any]


def ingest(
    store: Store,
    files: Iterable[File],
    *,
    uri_of: Callable[[PurePath], str],
    origin: dict[str, str],
    gone: Callable[[str], bool],
) -> pd.DataFrame:
    """Bring documents up to date with files.

    Parameters
    ----------
    store
        Where the documents are.
    files
        What there is.
    uri_of
        What a file is known by; of several documents in it, each has its name behind a ``#``.
    origin
        Kept with each document that is written: ``origin``, and the ``commit`` where there is one.
    gone
        Whether the file of a uri, not among ``files``, is no more.

    Returns
    -------
    DataFrame
        A row a document: ``path, title, change, chunks, note``.
    """
    stored = store.documents()
    known: dict[str, dict[str, _Known]] = {}
    for row in stored.to_dict("records"):
        metadata = row["metadata"]
        if metadata.get("origin"):
            held = _Known(row["title"], row["sha256"], metadata.get("file", row["uri"]), metadata)
            known.setdefault(held.file, {})[str(row["uri"])] = held
    first = {sha: uri for sha, uri in zip(stored["sha256"][::-1], stored["uri"][::-1], strict=True) if sha}
    redact = redactor()
    rows: dict[str, Row] = {}
    waiting: list[NewDocument] = []
    for file in tqdm(files, desc="reading documents", unit=" files", delay=1.0, leave=False):
        uri = uri_of(file.path)
        for row_, document in _take(file, uri, known.pop(uri, {}), origin, redact):
            rows[row_.path] = _same_as(row_, document, first)
            waiting += [document] if document else []
        if len(waiting) >= _AT_ONCE:
            store.put_documents(waiting)
            waiting = []
    store.put_documents(waiting)
    for uri, of_file in known.items():
        if gone(uri):
            rows |= {path: Row(path, held.title, "deleted", 0, "the file is no more") for path, held in of_file.items()}
    for row_ in rows.values():
        if row_.change == "deleted":
            store.delete_document(row_.path)
    return as_frame(rows.values())


def as_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return the table that tells what became of each document, with the number of each change."""
    frame = pd.DataFrame(list(rows), columns=list(_COLUMNS))
    frame["chunks"] = frame["chunks"].astype("int64")
    for name in ("path", "title", "change", "note"):
        frame[name] = frame[name].astype("str")
    counts = frame["change"].value_counts()
    frame.attrs["counts"] = {change: int(counts.get(change, 0)) for change in CHANGES}
    return frame


def _take(
    file: File, uri: str, known: dict[str, _Known], origin: dict[str, str], redact: Redactor
) -> Iterator[tuple[Row, NewDocument | None]]:
    """Yield what becomes of each document of a file, and what of it has to be written."""
    text, problem = _text(file)
    digest = hashlib.sha256(f"{_SHAPE} {redact.key_id}\n".encode() + file.content).hexdigest()
    if not problem and known and all(held.metadata.get("digest", held.sha256) == digest for held in known.values()):
        yield from ((Row(path, held.title, "unchanged"), None) for path, held in known.items())
        return
    before = redact.counts.total()
    pages: list[Page] = []
    if not problem:
        try:
            pages = read(file.path, text, redact)
        except ValueError as error:
            problem = str(error)
    if problem:
        stays = "; what was read of it before stays" if known else ""
        yield Row(uri, file.path.name, "skipped", 0, problem + stays), None
        return
    hidden = redact.counts.total() - before
    note = f"{hidden} secrets or personal data redacted" if hidden else ""
    for page in pages:
        path = f"{uri}#{page.name}" if page.name else uri
        held = known.pop(path, None)
        yield _put(page, path, uri, digest, held, origin, note)
    for path, held in known.items():
        yield Row(path, held.title, "deleted", 0, "no longer in the file"), None


def _text(file: File) -> tuple[str, str]:
    """Return the text of a file and what is wrong with it."""
    if file.problem:
        return "", file.problem
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "", f"not UTF-8 text, at byte {error.start}"
    return ("", "binary, not text") if "\x00" in text else (text, "")


def _put(
    page: Page, path: str, file: str, digest: str, held: _Known | None, origin: dict[str, str], note: str
) -> tuple[Row, NewDocument | None]:
    from faultmaven_lib.storage.documents import NewDocument

    if not page.chunks:
        return Row(path, page.title, "skipped", 0, "nothing but headings in it"), None
    if len(page.chunks) > CHUNKS:
        return Row(path, page.title, "skipped", 0, f"more than {CHUNKS:,} sections"), None
    version = int(held.metadata.get("version", 1)) + 1 if held else 1
    metadata: dict[str, Any] = {**origin, "front": page.front, "version": version}
    sha256 = digest
    if page.name:
        metadata |= {"file": file, "digest": digest}
        sha256 = hashlib.sha256(f"{digest} {page.name}".encode()).hexdigest()
    change = "updated" if held else "added"
    document = NewDocument(path, page.title, page.kind, page.chunks, sha256, metadata)
    return Row(path, page.title, change, len(page.chunks), note), document


def _same_as(row: Row, document: NewDocument | None, first: dict[str, str]) -> Row:
    """Say of a document whether another one has the same content: it is then found once."""
    if document is None:
        return row
    other = first.setdefault(document.sha256, row.path)
    if other == row.path:
        return row
    return row._replace(note="; ".join(filter(None, (row.note, f"the same as {other}"))))
