"""The layout of the local keyboard, as far as the desktop tells: X11 by `setxkbmap`, elsewhere unknown."""

from __future__ import annotations

import logging
import subprocess
import sys

from limpet.client.hello import MOD_MEANINGS
from limpet.packets.capgroups import Keymap

log = logging.getLogger("limpet.client.keymap")

TIMEOUT_S = 1.0
MAX_TEXT = 4096
POINTER_MISSING = ("mod2",)
"""num lock is not among the modifiers of pointer events"""


def local_keymap() -> Keymap | None:
    """None where the layout is not known. Takes some milliseconds: not for an event loop."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        done = subprocess.run(
            ["setxkbmap", "-query"],
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("setxkbmap does not tell the layout: %s", error)
        return None
    return keymap_of(done.stdout[:MAX_TEXT].decode("utf-8", "replace"))


def keymap_of(query: str) -> Keymap | None:
    """From the lines `layout:     us` of `setxkbmap -query`."""
    values: dict[str, str] = {}
    for line in query.splitlines():
        name, colon, value = line.partition(":")
        if colon and value.strip():
            values[name.strip()] = value.strip()
    layout = values.get("layout", "")
    if not layout:
        return None
    layouts = tuple(layout.split(","))
    variants = tuple(values.get("variant", "").split(","))
    return Keymap(
        layout=layouts[0],
        layouts=layouts,
        variant=variants[0],
        variants=variants if values.get("variant") else (),
        options=values.get("options", ""),
        layout_groups=True,
        query=query,
        query_struct=dict(values),
        mod_meanings=MOD_MEANINGS,
        mod_pointermissing=POINTER_MISSING,
    )
