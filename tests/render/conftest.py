from types import ModuleType

import pytest

from . import examples as made


@pytest.fixture(scope="session")
def examples() -> ModuleType:
    return made
