"""What the conftest.py of each folder of tests with whole programs has in common."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from tests.support import rig as rigs
from tests.support import screen as screens

_STORY = pytest.StashKey[Callable[[], list[tuple[str, str]]]]()


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[screens.Screen]:
    """The display on which clients show their windows, one for all tests."""
    # ended from outside, too, nothing that was started stays
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with screens.screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


def story(request: pytest.FixtureRequest, rig: rigs.Rig) -> None:
    """Have what the rig's programs said shown when the test fails."""
    request.node.stash[_STORY] = rig.story


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    report = (yield).get_result()
    if report.when == "call" and report.failed and _STORY in item.stash:
        report.sections += [(f"output of {name}", text) for name, text in item.stash[_STORY]()]
