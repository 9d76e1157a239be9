from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import material
from tests.support import rig as rigs
from tests.support.fixtures import pytest_runtest_makereport, screen, story
from tests.support.screen import Screen

__all__ = ["pytest_runtest_makereport", "screen"]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    material.make(folder)
    return folder


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path, screen: Screen, files: Path) -> Iterator[rigs.Rig]:
    """Servers and clients of one test, with the page's files in their folder."""
    material.copy(files, tmp_path)
    with rigs.rig(tmp_path, screen) as made:
        story(request, made)
        yield made
