"""One browser for all tests of this folder, or a reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.servers import browser, missing


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """Debian's Chromium."""
    if reason := missing():
        pytest.skip(reason)
    with browser() as running:
        yield running
