"""The key of the installation: made once, kept private, the same for all processes."""

from __future__ import annotations

import os
import secrets
import tempfile
from functools import cache
from pathlib import Path

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.redaction.redactor import Redactor
from faultmaven_lib.settings import settings


@cache
def _kept_key(home: Path) -> tuple[bytes, str]:
    """The key of the installation, made at first use; without a folder to keep it in, one for this process."""
    path = home / "redaction.key"
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Written aside and linked: of two processes one wins, and nobody reads half a key.
            descriptor, name = tempfile.mkstemp(dir=home, prefix=".redaction-")
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    file.write(secrets.token_hex(32) + "\n")
                os.link(name, path)
            except FileExistsError:
                pass
            finally:
                Path(name).unlink()
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        if path.exists():
            raise SourceError(
                f"the redaction key {path} cannot be read ({error}): make it readable, or set FAULTMAVEN_REDACTION_KEY"
            ) from None
        note = (
            f"no redaction key could be kept in {home}: tokens hold for this process only "
            "(set FAULTMAVEN_REDACTION_KEY or FAULTMAVEN_HOME)"
        )
        return secrets.token_bytes(32), note
    if len(text) < 16:
        raise SourceError(f"the redaction key {path} is empty or too short: remove it to have a new one made")
    return text.encode(), ""


def redactor(*, always: bool = False) -> Redactor:
    """Return a redactor with the key of the installation, its counts at zero.

    The key is ``FAULTMAVEN_REDACTION_KEY``, else one made once and kept in ``home``; with
    ``FAULTMAVEN_REDACT=false`` nothing is redacted, but ``always``: for what leaves the installation.

    Raises
    ------
    SourceError
        If there is a key file that cannot be used.
    """
    current = settings()
    if not current.redact and not always:
        return Redactor.off()
    if current.redaction_key is not None:
        return Redactor(current.redaction_key.get_secret_value().encode(), addresses=current.redact_ip)
    key, note = _kept_key(current.home)
    made = Redactor(key, addresses=current.redact_ip)
    made.note = note
    return made
