"""The features of a connection, one line each. `wanted` says whether a client gets it."""

from __future__ import annotations

from collections.abc import Callable

from limpet.packets.capabilities import ClientHello
from limpet.records import dataclass
from limpet.server.features.base import Feature, FeatureContext
from limpet.server.features.control import ControlFeature
from limpet.server.features.cursor import CursorFeature
from limpet.server.features.keyboard import KeyboardFeature
from limpet.server.features.pointer import PointerFeature
from limpet.server.features.screen import ScreenFeature
from limpet.server.features.windows import WindowsFeature


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One subject of a connection."""

    name: str
    make: Callable[[FeatureContext], Feature]
    wanted: Callable[[ClientHello], bool]


def _windows(hello: ClientHello) -> bool:
    return hello.wants_windows


FEATURES: tuple[FeatureRow, ...] = (
    FeatureRow("control", ControlFeature, lambda hello: True),  # noqa: ARG005 - every client has it
    FeatureRow("screen", ScreenFeature, _windows),
    FeatureRow("pointer", PointerFeature, _windows),
    FeatureRow("keyboard", KeyboardFeature, _windows),
    # windows last but one: its start sends all windows
    FeatureRow("windows", WindowsFeature, _windows),
    FeatureRow("cursor", CursorFeature, lambda hello: hello.wants_windows and bool(hello.input.cursors)),
)
