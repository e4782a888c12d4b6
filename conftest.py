"""The examples in docstrings run with settings of their own, as the tests do: nobody's store or key is touched."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_examples() -> Iterator[None]:
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("FAULTMAVEN_")}
    with tempfile.TemporaryDirectory(prefix="faultmaven-tests-") as home:
        os.environ |= {"FAULTMAVEN_HOME": home, "FAULTMAVEN_EMBEDDING_MODEL": "none"}  # a model takes seconds to load
        yield
    del os.environ["FAULTMAVEN_HOME"], os.environ["FAULTMAVEN_EMBEDDING_MODEL"]
    os.environ.update(before)


pytest_plugins = ["tests.recorder.fixtures"]

# The recorder's shop is a set of programs: importing one connects it to its database.
collect_ignore_glob = ["tests/recorder/shop/*"]
