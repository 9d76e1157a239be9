"""What runs a plan, by name: server and client are imported when their command has been checked, and not before."""

from __future__ import annotations

import importlib
from typing import Protocol, TypeVar

P_contra = TypeVar("P_contra", contravariant=True)

ATTACH = "limpet.client.launch:run_attach"
"""takes a `ConnectPlan`"""
REQUEST = "limpet.client.request:run_request"
"""takes a `RequestPlan`"""


class Body(Protocol[P_contra]):
    """Runs a plan to its end and returns the exit status; raises `LimpetError`."""

    def __call__(self, plan: P_contra, /) -> int: ...


def load(where: str) -> Body[object]:
    """Import "module:function"."""
    module, _, name = where.partition(":")
    body: Body[object] = getattr(importlib.import_module(module), name)
    return body
