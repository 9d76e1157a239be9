"""The one registry of packets. `packets.decode` and `packets.encode` are all that the layers above need."""

from __future__ import annotations

import importlib

from limpet.packets import SUBJECTS
from limpet.packets.schema import Registry


def _load_subjects() -> None:
    for subject in SUBJECTS:
        importlib.import_module(f"limpet.packets.{subject}")


packets = Registry(_load_subjects)
