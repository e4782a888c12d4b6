"""KnowledgeBase: what a team wrote down and what it went through, found when it is needed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import pandas as pd

from faultmaven_lib.exceptions import CaseNotFound, StorageError
from faultmaven_lib.knowledge import past_cases
from faultmaven_lib.knowledge.excerpts import excerpt, matched_words
from faultmaven_lib.knowledge.folder import File, read_folder
from faultmaven_lib.knowledge.index import Entry, Hit, WordIndex
from faultmaven_lib.knowledge.ingest import ingest
from faultmaven_lib.model import Case, Finding, Mechanism, SimilarCase
from faultmaven_lib.redaction import redactor

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store

THRESHOLD = 0.15
"""Least score of an answer: ``tests/bench/bench_retrieval.py`` says what it costs and what it prevents."""
CASE_THRESHOLD = 0.04
"""Lower, since two incidents of one kind differ in most of their words."""
_QUESTION = 20_000
_COLUMNS = ("title", "path", "excerpt", "score", "why")
_STARTER = "faultmaven:runbooks/"


class KnowledgeBase:
    """Runbooks and past cases, searched by their words.

    The database holds the documents; the index is a copy in this process, made on the first search and again
    when the documents changed.

    Parameters
    ----------
    database_url
        SQLAlchemy URL of the store; by default the one of the settings.
    store
        A store that is open already, instead of a URL.

    Examples
    --------
    >>> kb = KnowledgeBase("sqlite://")
    >>> kb.add_starter().attrs["counts"]["added"]
    75
    >>> kb.search("pods wait for a lock on the orders table")["title"].tolist()[0]
    'Database lock contention'
    >>> nothing = kb.search("how do I bake bread")
    >>> len(nothing), nothing.attrs["reason"]
    (0, 'no document has any of these words')
    >>> kb.close()
    """

    mode: Literal["words"] = "words"
    """How it searches: by words only, so a question in other words than the runbook's finds nothing."""

    def __init__(self, database_url: str | None = None, *, store: Store | None = None) -> None:
        if store is not None and database_url is not None:
            raise ValueError("give database_url or store, not both")
        self._url, self._given = database_url, store
        self._own: Store | None = None
        self._documents: tuple[int, WordIndex] | None = None
        self._cases: tuple[dict[str, Any], WordIndex] | None = None
        self._case_entries: dict[str, tuple[Any, Entry, str]] = {}
        self._lock = threading.RLock()

    @property
    def store(self) -> Store:
        """The database that the documents are in."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                from faultmaven_lib.storage import Store

                self._own = Store(self._url)
            return self._own

    def add_folder(self, path: str | Path, pattern: str = "**/*.md") -> pd.DataFrame:
        """Add a folder of Markdown, or bring it up to date.

        Files that did not change are left alone, those that are gone leave the knowledge base. Secrets and
        personal data are redacted before anything is stored. Hidden files and folders are passed over.

        Parameters
        ----------
        path
            The folder. A document is known by its full path.
        pattern
            Which files of it, as ``Path.glob`` has it.

        Returns
        -------
        DataFrame
            A row a file: ``path, title, change`` (added, updated, unchanged, deleted, skipped), ``chunks``
            written, ``note`` (why it was skipped, what was redacted). ``attrs["counts"]`` has the number of
            each change.

        Raises
        ------
        SourceError
            If there is no such folder, or the pattern cannot be used.
        """
        folder = Path(path).expanduser().absolute()
        found = read_folder(folder, pattern)
        return ingest(
            self.store,
            found,
            uri_of=str,
            origin="folder",
            gone=lambda uri: Path(uri).is_relative_to(folder) and not Path(uri).is_file(),
        )

    def add_starter(self) -> pd.DataFrame:
        """Add the runbooks that come with FaultMaven; returns what ``add_folder`` does."""
        shipped = files("faultmaven_lib.knowledge") / "runbooks"
        found = [
            File(Path(entry.name), entry.read_bytes())
            for entry in sorted(shipped.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".md")
        ]
        return ingest(
            self.store,
            found,
            uri_of=lambda path: f"{_STARTER}{path.name}",
            origin="starter",
            gone=lambda uri: uri.startswith(_STARTER),
        )

    def remove(self, path: str | Path) -> int:
        """Take a document out, or all below a folder, whether or not the files still exist.

        Returns
        -------
        int
            How many documents were removed.
        """
        folder = Path(path).expanduser().absolute()
        known = [str(uri) for uri in self.store.documents()["uri"]]
        chosen = [uri for uri in known if uri == str(path) or Path(uri).is_relative_to(folder)]
        return sum(self.store.delete_document(uri) for uri in chosen)

    def documents(self) -> pd.DataFrame:
        """List the documents.

        Returns
        -------
        DataFrame
            A row a document: ``title, path, kind, chunks, updated_at`` (UTC).
        """
        frame = self.store.documents().rename(columns={"uri": "path", "n_chunks": "chunks"})
        return frame[["title", "path", "kind", "chunks", "updated_at"]]

    def search(self, text: str, k: int = 5, abstain: bool = True) -> pd.DataFrame:
        """Find the documents that fit a question, an alert or an error message.

        Parameters
        ----------
        text
            Plain words; everything counts, nothing is an operator.
        k
            At most so many documents.
        abstain
            Return nothing where the best does not fit well; with False the best are returned however badly
            they fit.

        Returns
        -------
        DataFrame
            Best first: ``title, path, excerpt`` (plain text, to be escaped where it is shown), ``score`` (0 to 1:
            how much of the weight of the question's words the document carries), ``why`` (the words that
            matched, and where). Where it is empty, ``attrs["reason"]`` says why.
        """
        _positive(k)
        text = redactor().redact(text[:_QUESTION])
        with self._lock:
            index = self._document_index()
            hits = index.search(text, k=k)
        reason = _no_answer(index, hits, text, THRESHOLD if abstain else 0.0)
        least = THRESHOLD / 2 if abstain else 0.0  # where the best is good enough, the next ones need not be
        kept = [] if reason else [hit for hit in hits if hit.score >= least]
        rows = [(h.title, h.key, excerpt(h.text, h.matched), round(h.score, 4), _why(h, text)) for h in kept]
        frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(
            {"title": "str", "path": "str", "excerpt": "str", "score": "float64", "why": "str"}
        )
        frame.attrs["mode"] = self.mode
        if reason:
            frame.attrs["reason"] = reason
        return frame

    def similar(
        self,
        findings: Sequence[Finding] | str,
        *,
        services: Iterable[str] = (),
        mechanisms: Iterable[Mechanism | str] = (),
        exclude: str | Iterable[str] | None = None,
        k: int = 5,
    ) -> list[SimilarCase]:
        """Find stored cases that resemble this one.

        Parameters
        ----------
        findings
            What is odd now, most remarkable first; or a description in words.
        services
            Services concerned; those of the findings are taken anyway.
        mechanisms
            What is suspected, if anything.
        exclude
            Id of the case that asks, or several.
        k
            At most so many.

        Returns
        -------
        list of SimilarCase
            Best first; empty if none resembles it.
        """
        _positive(k)
        left_out = {exclude} if isinstance(exclude, str) else set(exclude or ())
        text = redactor().redact(past_cases.asked(findings))
        marks = past_cases.marks_of(findings, services, mechanisms)
        with self._lock:
            index = self._case_index()
            hits = index.search(text, marks=marks, k=k + len(left_out))
            causes = {case_id: cause for case_id, (_, _, cause) in self._case_entries.items()}
        alike = [h for h in hits if h.key not in left_out and h.score >= CASE_THRESHOLD and _by_words(h)]
        return [
            SimilarCase(
                case_id=hit.key,
                title=hit.title,
                score=round(hit.score, 4),
                why=_shared(hit, text),
                cause=causes[hit.key],
            )
            for hit in alike[:k]
        ]

    def close(self) -> None:
        """Remove the index, and close the store if it was opened here; the next use opens both again."""
        with self._lock:
            for held in (self._documents, self._cases):
                if held is not None:
                    held[1].close()
            self._documents = self._cases = None
            self._case_entries = {}
            if self._own is not None:
                self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"KnowledgeBase({self.store!r}, mode={self.mode!r})"

    def _document_index(self) -> WordIndex:
        version = self.store.knowledge_version()
        held = self._documents
        if held is not None and held[0] == version and held[1].usable:
            return held[1]
        fresh = WordIndex(_entries(self.store))
        self._documents = (version, fresh)
        if held is not None:
            held[1].close()
        return fresh

    def _case_index(self) -> WordIndex:
        listed = self.store.cases(limit=None)
        versions: dict[str, Any] = {
            str(row["id"]): (row["version"], row["updated_at"]) for row in listed.to_dict("records")
        }
        held = self._cases
        if held is not None and held[0] == versions and held[1].usable:
            return held[1]
        entries: dict[str, tuple[Any, Entry, str]] = {}
        for case_id, version in versions.items():
            known = self._case_entries.get(case_id)
            if known is not None and known[0] == version:
                entries[case_id] = known
            elif (case := self._loaded(case_id)) is not None:
                entries[case_id] = (version, past_cases.entry_of(case), past_cases.cause_of(case))
        fresh = WordIndex(entry for _, entry, _ in entries.values())
        self._case_entries, self._cases = entries, (versions, fresh)
        if held is not None:
            held[1].close()
        return fresh

    def _loaded(self, case_id: str) -> Case | None:
        try:
            return self.store.load(case_id, snapshots=False)
        except (CaseNotFound, StorageError):
            return None  # erased meanwhile, or written by a newer version: it resembles nothing


def _entries(store: Store) -> Iterable[Entry]:
    """Group the chunks of the store, which come document by document."""
    current, uri, title = "", "", ""
    parts: list[tuple[str, str]] = []
    for chunk in store.chunks():
        if chunk.document_id != current:
            if current:
                yield Entry(uri, title, tuple(parts))
            current, uri, title, parts = chunk.document_id, chunk.uri, chunk.title, []
        parts.append((chunk.heading, chunk.text))
    if current:
        yield Entry(uri, title, tuple(parts))


def _no_answer(index: WordIndex, hits: list[Hit], text: str, threshold: float) -> str:
    if not len(index):
        return "the knowledge base is empty: add_folder() or add_starter() fills it"
    if not text.strip():
        return "there is nothing to search for"
    if not hits:
        return "no document has any of these words"
    best = hits[0]
    if best.score >= threshold:
        return ""
    return (
        f"nothing fits: the nearest, {best.title[:80]!r}, scores {best.score:.2f} and {threshold:.2f} is needed; "
        "abstain=False shows it"
    )


def _why(hit: Hit, text: str) -> str:
    where = f"; under {hit.heading}" if hit.heading else ""
    return f"{', '.join(matched_words(hit.matched, text))}{where}"


def _shared(hit: Hit, text: str) -> str:
    return f"in common: {', '.join(matched_words(hit.matched, text))}"


def _by_words(hit: Hit) -> bool:
    """Whether it is more than the same service that a case was found by."""
    return any(not term.startswith("service=") for term in hit.matched)


def _positive(k: int) -> None:
    if k < 1 or not math.isfinite(k):
        raise ValueError(f"k is {k}: ask for at least one result")
