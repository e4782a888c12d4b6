"""The language model's part of an investigation: asked for by name, recorded in the audit log, never in the claims."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from faultmaven_lib.investigation.holding import Holding
from faultmaven_lib.model import Answer
from faultmaven_lib.settings import settings

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store


class Narrating(Holding):
    """What an investigation adds to an answer by the model that is set."""

    _reserved = ""
    """The id that audit lines were written under before the case had one; the first save takes it."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """The store that holds the audit log."""

    def _check_model(self) -> None:
        """Raise what is wrong with the settings before any work is done."""
        from faultmaven_lib.troubleshooting.llm.client import endpoint

        endpoint(settings())

    def _narrated(self, answer: Answer) -> Answer:
        from faultmaven_lib.troubleshooting.llm import Scope, narrate

        desk = self._desk
        scope = Scope(desk.ledger, desk.findings, desk.hypotheses, desk.services(), desk.sources)
        return answer.model_copy(update={"narration": narrate(answer, scope, desk.hypotheses, self._record)})

    def _record(self, action: str, detail: str) -> None:
        """Write a line to the audit log, of a case that may not be saved yet."""
        if not self.id and not self._reserved:
            self._reserved = self.store.new_id()
        self.store.note(self.id or self._reserved, action, detail, team=self._case.team, version=self._case.version)

    def _recorded_under(self, case_id: str) -> str:
        """Say where calls were recorded, if the case is saved under another id."""
        earlier = self._case.id or self._reserved
        moved = bool(self._reserved) and earlier != case_id
        return f"calls of a language model before this are recorded under {earlier}" if moved else ""
