"""Settings: everything a team sets, from ``FAULTMAVEN_*`` variables. Nothing has to be set."""

from __future__ import annotations

import getpass
import os
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _data_home() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "faultmaven"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a user id that has no name
        return f"uid-{os.getuid()}"


class Settings(BaseSettings):
    """What can be set, and its default.

    Examples
    --------
    >>> Settings(team="payments").team
    'payments'
    """

    model_config = SettingsConfigDict(env_prefix="FAULTMAVEN_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=_data_home)
    """Folder for what the installation keeps: the default database and the redaction key."""
    database_url: SecretStr | None = None
    """SQLAlchemy URL of the store; default: an SQLite file in ``home``."""
    team: str = "default"
    """The team that new cases belong to."""
    user: str = Field(default_factory=_user)
    """Who acts, as the audit log says."""
    redact: bool = True
    """Replace secrets and personal data on read."""
    redact_ip: bool = False
    """Replace IP addresses, too, but for those of the machine itself."""
    redaction_key: SecretStr | None = None
    """Key of the redaction tokens; default: one made once and kept in ``home``."""
    evidence_max_bytes: int = Field(default=4_000_000, ge=10_000)
    """Largest stored result of one evidence; above it a head and counts are kept."""
    evidence_max_rows: int = Field(default=200_000, ge=100)
    """Most stored rows of one evidence."""
    line_max_bytes: int = Field(default=65_536, ge=256)
    """Longest line that is read whole; a longer one is cut, counted and shown."""
    metrics_step: float = Field(default=15.0, gt=0)
    """Resolution in seconds of a metrics query where the source leaves the choice."""

    llm: bool = True
    """``off`` forbids every call of a language model, whatever else is set or asked for."""
    llm_url: str | None = None
    """OpenAI-compatible endpoint, such as ``http://localhost:11434/v1``; without it no language model is ever asked."""
    llm_model: str | None = None
    """Name of the model, as the endpoint knows it."""
    llm_api_key: SecretStr | None = None
    """Key of the endpoint, if it wants one."""
    llm_timeout: float = Field(default=60.0, gt=0)
    """Seconds that an answer may take in all, a second attempt included; then the deterministic answer stands alone."""
    llm_max_tokens: int = Field(default=2_000, ge=16)
    """Longest reply that is asked for."""
    llm_price_in: float | None = Field(default=None, ge=0)
    """Price of a million tokens sent; with the one below, the cost of each call is shown."""
    llm_price_out: float | None = Field(default=None, ge=0)
    """Price of a million tokens received."""
    embedding_model: str = "all-MiniLM-L6-v2"
    """Model of the search by meaning: a name that sentence-transformers knows, a folder, or ``none``."""
    qdrant_url: str | None = None
    """Qdrant server for the index of the documents, such as https://qdrant.example:6333; default: one in process."""
    qdrant_api_key: SecretStr | None = None
    """Key of the Qdrant server."""
    qdrant_ca: Path | None = None
    """File with the certificates that the Qdrant server's is checked against; default: those of the system."""
    learn: bool = True
    """Let what was accepted and rejected in similar incidents move results; what is learned is kept either way."""
    learning_half_life_days: float = Field(default=180.0, gt=0)
    """After so many days, accepting or rejecting something counts half."""

    def store_url(self) -> str:
        """URL of the store, the default made explicit."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home / 'faultmaven.db'}"


@cache
def _of(environment: tuple[tuple[str, str], ...]) -> Settings:  # noqa: ARG001 (the cache's key)
    return Settings()


def settings() -> Settings:
    """Return the settings of this moment's environment."""
    environ = os.environ
    keys = (k for k in environ if k.startswith("FAULTMAVEN_") or k in ("HOME", "XDG_DATA_HOME"))
    return _of(tuple(sorted((k, environ[k]) for k in keys)))
