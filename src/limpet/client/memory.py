"""Which targets understood only the legacy hello: remembered between runs, so that it is tried first there.

Never a reason to ask for less security: what is remembered is the spelling alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limpet.session.events import Accepted

MAX_TARGETS = 256
MAX_FILE = 64 * 1024


class PeerMemory:
    """A small file, one target a line, the latest last. `path` None: nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._targets: list[str] | None = None

    def is_legacy(self, target: str) -> bool:
        return target in self._load()

    def remember(self, target: str, *, legacy: bool) -> None:
        """Write what changed; a file that cannot be written is logged, not an error."""
        targets = self._load()
        if (target in targets) == legacy or "\n" in target:
            return
        targets = [known for known in targets if known != target]
        self._targets = [*targets, target][-MAX_TARGETS:] if legacy else targets
        if self._path is not None:
            try:
                _write(self._path, "".join(f"{known}\n" for known in self._targets))
            except OSError as error:
                import logging

                log = logging.getLogger("limpet.client.memory")
                log.info("cannot remember the kind of server at %s: %s", target, error)

    def _load(self) -> list[str]:
        if self._targets is None:
            self._targets = []
            if self._path is not None:
                with contextlib.suppress(OSError), self._path.open("rb") as file:
                    text = file.read(MAX_FILE).decode("utf-8", "replace")
                    self._targets = [line for line in text.splitlines() if line][-MAX_TARGETS:]
        return self._targets


def outgrown(event: Accepted) -> bool:
    """Whether a server that was greeted as a legacy one is a newer one by now, and will read the newer hello."""
    from limpet.packets.dialect import NESTED_SINCE

    # limpet calls itself 3.1.3 where it is greeted so
    return event.dialect.version >= NESTED_SINCE or event.hello.session_type.startswith("limpet")


def memory_file(state_home: str) -> Path | None:
    """`state_home` is $XDG_STATE_HOME or its default; empty: there is no home."""
    return Path(state_home, "limpet", "legacy-servers") if state_home else None


def _write(path: Path, text: str) -> None:
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)  # noqa: PTH105 - one call for both names
    except OSError:
        os.unlink(name)  # noqa: PTH108
        raise
