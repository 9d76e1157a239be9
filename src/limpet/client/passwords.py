"""The password sources of a client, from its plan, in the documented order: URL, files, environment, the user."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

from limpet.auth.sources import FileSource, GivenSource, PasswordRequest, PasswordSource, PasswordSources, PromptSource
from limpet.client.plan import PasswordPlan

Ask = Callable[[PasswordRequest], Awaitable[str | None]]
"""asks the user; None: no answer"""


def password_sources(plan: PasswordPlan, ask: Ask | None) -> PasswordSources:
    """`ask` None: nobody can be asked."""
    sources: list[PasswordSource] = []
    if plan.url is not None:
        sources.append(GivenSource(plan.url))
    sources += [FileSource(path, _read) for path in plan.files]
    if plan.environment is not None:
        sources.append(GivenSource(plan.environment, name="the environment variable XPRA_PASSWORD"))
    if ask is not None:
        sources.append(PromptSource(ask))
    return PasswordSources(sources)


async def _read(path: str, most: int) -> bytes:
    return await asyncio.to_thread(_read_file, Path(path), most)


def _read_file(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        # not the first part of it: that would be another password
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes")
    return content
