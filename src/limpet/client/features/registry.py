"""The features of a connection, one line each."""

from __future__ import annotations

from collections.abc import Callable

from limpet.client.features.base import Feature, FeatureContext
from limpet.client.features.cursor import CursorFeature
from limpet.client.features.draw import DrawFeature
from limpet.client.features.keyboard import KeyboardFeature
from limpet.client.features.pointer import PointerFeature
from limpet.client.features.screen import ScreenFeature
from limpet.client.features.status import StatusFeature
from limpet.client.features.windows import WindowsFeature
from limpet.records import dataclass


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One subject of a connection."""

    name: str
    make: Callable[[FeatureContext], Feature]


FEATURES: tuple[FeatureRow, ...] = (
    FeatureRow("windows", WindowsFeature),
    FeatureRow("draw", DrawFeature),
    FeatureRow("pointer", PointerFeature),
    FeatureRow("keyboard", KeyboardFeature),
    FeatureRow("cursor", CursorFeature),
    FeatureRow("screen", ScreenFeature),
    FeatureRow("status", StatusFeature),
)
