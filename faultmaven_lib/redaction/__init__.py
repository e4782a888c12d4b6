"""Secrets and personal data out, before anything else sees a line.

A value becomes a token such as ``<email:1a2b3c4d5e>``: its kind and the first ten hexadecimal digits of an
HMAC-SHA256 (RFC 2104) under a key of the installation. Equal values have equal tokens, so lines can still be
joined by them; without the key a token cannot be turned back or guessed.
"""

from faultmaven_lib.redaction.key import redactor
from faultmaven_lib.redaction.patterns import secret_field
from faultmaven_lib.redaction.redactor import Redactor

__all__ = ["Redactor", "redactor", "secret_field"]
