"""What redaction promises on labelled lines."""

from __future__ import annotations

import pytest

from faultmaven_lib.redaction import Redactor
from faultmaven_lib.redaction.patterns import TOKEN

from .labelled_lines import DEVELOPMENT, HELD_OUT, lines


@pytest.mark.parametrize("templates", [DEVELOPMENT, HELD_OUT], ids=["development", "held out"])
def test_every_secret_goes_under_its_kind_and_nothing_else_does(templates: list[str]) -> None:
    redactor = Redactor(b"a key for tests")
    for line in lines(templates, 5, seed=2):
        redacted = redactor.redact(line.text)
        assert not [value for _, value in line.values if value in redacted]
        assert len(TOKEN.findall(redacted)) == len(line.values), redacted
