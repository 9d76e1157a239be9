"""The client's screen size."""

from __future__ import annotations

import dataclasses

from limpet.packets.display import ConfigureDisplay, ForceUngrab, ShowDesktop
from limpet.server.features.screen import ScreenFeature
from limpet.values import Size
from tests.server.features.stage import Stage


def test_the_screen_follows_the_client() -> None:
    stage = Stage(ScreenFeature)
    stage.give(ConfigureDisplay(width=1280, height=800))
    assert stage.calls == [("resize_screen", Size(1280, 800))]


def test_no_size_is_no_wish() -> None:
    stage = Stage(ScreenFeature)
    stage.give(ConfigureDisplay(width=0, height=800))
    assert stage.calls == []


def test_a_session_of_fixed_size_keeps_it() -> None:
    stage = Stage(lambda context: ScreenFeature(dataclasses.replace(context, resize_screen=False)))
    stage.give(ConfigureDisplay(width=1280, height=800))
    assert stage.calls == []


def test_a_client_may_let_go_of_everything() -> None:
    stage = Stage(ScreenFeature)
    stage.give(ForceUngrab())
    assert stage.calls == [("release_all",)]


def test_the_rest_needs_nothing_done() -> None:
    stage = Stage(ScreenFeature)
    stage.feature.start()
    stage.give(ShowDesktop(show=True))
    stage.feature.writable()
    stage.feature.stop()
    assert stage.calls == []
    assert stage.took() == []
