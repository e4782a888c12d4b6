"""Files into the store: only what changed is read and written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm.auto import tqdm

from faultmaven_lib.knowledge.folder import File
from faultmaven_lib.knowledge.markdown import read_page
from faultmaven_lib.redaction import Redactor, redactor

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store

CHANGES = ("added", "updated", "unchanged", "deleted", "skipped")
CHUNKS = 5_000
"""A file of more sections would crowd out all others."""
_COLUMNS = ("path", "title", "change", "chunks", "note")
_SHAPE = 1
"""Goes up when files are cut otherwise than before, so that they are read again."""


def ingest(
    store: Store, files: Iterable[File], *, uri_of: Callable[[PurePath], str], origin: str, gone: Callable[[str], bool]
) -> pd.DataFrame:
    """Bring documents up to date with files.

    Parameters
    ----------
    store
        Where the documents are.
    files
        What there is.
    uri_of
        What a file is known by.
    origin
        Kept with each document, so that ``gone`` is asked only about documents that came from files.
    gone
        Whether the file of a uri, not among ``files``, is no more.

    Returns
    -------
    DataFrame
        A row a file: ``path, title, change, chunks, note``.
    """
    stored = store.documents()
    digests = dict(zip(stored["uri"], stored["sha256"], strict=True))
    redact = redactor()
    rows: dict[str, tuple[str, str, int, str]] = {}
    for file in tqdm(files, desc="reading runbooks", unit=" files", delay=1.0, leave=False):
        uri = uri_of(file.path)
        rows[uri] = _take(store, file, uri, digests.get(uri), origin, redact)
    for row in stored.to_dict("records"):
        uri = str(row["uri"])
        if uri not in rows and row["metadata"].get("origin") and gone(uri) and store.delete_document(uri):
            rows[uri] = (row["title"], "deleted", 0, "the file is no more")
    frame = pd.DataFrame([(uri, *row) for uri, row in rows.items()], columns=list(_COLUMNS))
    frame["chunks"] = frame["chunks"].astype("int64")
    for name in ("path", "title", "change", "note"):
        frame[name] = frame[name].astype("str")
    counts = frame["change"].value_counts()
    frame.attrs["counts"] = {change: int(counts.get(change, 0)) for change in CHANGES}
    return frame


def _take(
    store: Store, file: File, uri: str, known: str | None, origin: str, redact: Redactor
) -> tuple[str, str, int, str]:
    """Put one file into the store; return its title, the change, the number of chunks and a note."""
    problem = file.problem
    text = ""
    if not problem:
        try:
            text = file.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 text, at byte {error.start}"
        if "\x00" in text:
            problem = "binary, not text"
    if problem:
        stays = "; what was read of it before stays" if known is not None else ""
        return (file.path.name, "skipped", 0, problem + stays)
    digest = hashlib.sha256(f"{_SHAPE} {redact.key_id}\n".encode() + file.content).hexdigest()
    if known == digest:
        return (file.path.name, "unchanged", 0, "")
    before = redact.counts.total()
    page = read_page(redact.redact(text), file.path.stem)
    if not page.chunks:
        return (page.title, "skipped", 0, "nothing but headings in it")
    if len(page.chunks) > CHUNKS:
        return (page.title, "skipped", 0, f"more than {CHUNKS:,} sections")
    kind = page.front.get("kind", ["runbook"])[0][:60]
    metadata: dict[str, Any] = {"origin": origin, "front": page.front}
    store.put_document(uri, page.title, kind, page.chunks, digest, metadata)
    hidden = redact.counts.total() - before
    note = f"{hidden} secrets or personal data redacted" if hidden else ""
    return (page.title, "added" if known is None else "updated", len(page.chunks), note)
