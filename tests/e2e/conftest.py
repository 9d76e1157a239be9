from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import rig as rigs
from tests.support.fixtures import pytest_runtest_makereport, screen, story
from tests.support.screen import Screen

__all__ = ["pytest_runtest_makereport", "screen"]


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path, screen: Screen) -> Iterator[rigs.Rig]:
    """Servers and clients of one test; ended with it, and shown when it fails."""
    with rigs.rig(tmp_path, screen) as made:
        story(request, made)
        yield made
