"""Atoms: the names this package uses, interned in one batch, and the names of others on demand."""

from __future__ import annotations

from collections.abc import Callable

ROOT_PROPERTIES = (
    "_NET_SUPPORTED",
    "_NET_SUPPORTING_WM_CHECK",
    "_NET_CLIENT_LIST",
    "_NET_CLIENT_LIST_STACKING",
    "_NET_ACTIVE_WINDOW",
    "_NET_NUMBER_OF_DESKTOPS",
    "_NET_CURRENT_DESKTOP",
    "_NET_DESKTOP_GEOMETRY",
    "_NET_DESKTOP_VIEWPORT",
    "_NET_WORKAREA",
)
ROOT_MESSAGES = ("_NET_CLOSE_WINDOW", "_NET_WM_MOVERESIZE", "_NET_REQUEST_FRAME_EXTENTS", "_NET_MOVERESIZE_WINDOW")
WINDOW_STATES = (
    "MODAL",
    "STICKY",
    "MAXIMIZED_VERT",
    "MAXIMIZED_HORZ",
    "SHADED",
    "SKIP_TASKBAR",
    "SKIP_PAGER",
    "HIDDEN",
    "FULLSCREEN",
    "ABOVE",
    "BELOW",
    "DEMANDS_ATTENTION",
    "FOCUSED",
)
WINDOW_TYPES = (
    "NORMAL",
    "DIALOG",
    "MENU",
    "TOOLBAR",
    "SPLASH",
    "UTILITY",
    "DOCK",
    "DESKTOP",
    "DROPDOWN_MENU",
    "POPUP_MENU",
    "TOOLTIP",
    "NOTIFICATION",
    "COMBO",
    "DND",
)
STATE_PREFIX = "_NET_WM_STATE_"
TYPE_PREFIX = "_NET_WM_WINDOW_TYPE_"
WINDOW_PROPERTIES = (
    "WM_NAME",
    "WM_ICON_NAME",
    "WM_CLASS",
    "WM_HINTS",
    "WM_NORMAL_HINTS",
    "WM_TRANSIENT_FOR",
    "WM_CLIENT_MACHINE",
    "WM_COMMAND",
    "WM_PROTOCOLS",
    "WM_WINDOW_ROLE",
    "WM_STATE",
    "_NET_WM_NAME",
    "_NET_WM_ICON_NAME",
    "_NET_WM_WINDOW_TYPE",
    "_NET_WM_STATE",
    "_NET_WM_PID",
    "_NET_WM_ICON",
    "_NET_WM_DESKTOP",
    "_NET_WM_ALLOWED_ACTIONS",
    "_NET_FRAME_EXTENTS",
    "_MOTIF_WM_HINTS",
)
OTHERS = (
    "WM_S0",
    "WM_DELETE_WINDOW",
    "WM_TAKE_FOCUS",
    "_NET_WM_PING",
    "_NET_WM_SYNC_REQUEST",
    "WM_CHANGE_STATE",
    "MANAGER",
    "UTF8_STRING",
    "COMPOUND_TEXT",
    "TIMESTAMP",
    "_LIMPET_TIME",
)
KNOWN = (
    ROOT_PROPERTIES
    + ROOT_MESSAGES
    + WINDOW_PROPERTIES
    + OTHERS
    + tuple(STATE_PREFIX + name for name in WINDOW_STATES)
    + tuple(TYPE_PREFIX + name for name in WINDOW_TYPES)
)
_MAX_FOREIGN = 4096

# Predefined atoms of the core protocol (X11 protocol, appendix A); they need no request.
PREDEFINED = {
    "ATOM": 4,
    "CARDINAL": 6,
    "STRING": 31,
    "WINDOW": 33,
    "WM_COMMAND": 34,
    "WM_HINTS": 35,
    "WM_CLIENT_MACHINE": 36,
    "WM_ICON_NAME": 37,
    "WM_NAME": 39,
    "WM_NORMAL_HINTS": 40,
    "WM_SIZE_HINTS": 41,
    "WM_CLASS": 67,
    "WM_TRANSIENT_FOR": 68,
}


class Atoms:
    """Two-way table of atoms on one X server."""

    def __init__(
        self, intern: Callable[[tuple[str, ...]], tuple[int, ...]], lookup: Callable[[int], str | None]
    ) -> None:
        self._lookup = lookup
        wanted = tuple(name for name in KNOWN if name not in PREDEFINED)
        self._by_name = {**PREDEFINED, **dict(zip(wanted, intern(wanted), strict=True))}
        self._by_atom = {atom: name for name, atom in self._by_name.items()}
        self._foreign: dict[int, str | None] = {}

    def __getitem__(self, name: str) -> int:
        """The atom of a name listed in this module; KeyError for others: a bug of ours."""
        return self._by_name[name]

    def known_name(self, atom: int) -> str | None:
        """The name of an atom of this module's lists, without a round trip; None for all others."""
        return self._by_atom.get(atom)

    def name(self, atom: int) -> str | None:
        """The name of any atom, None when the number is no atom. May cost a round trip; remembers 4096 names."""
        if atom in self._by_atom:
            return self._by_atom[atom]
        if atom == 0 or atom >> 29:
            return None
        if atom not in self._foreign:
            if len(self._foreign) >= _MAX_FOREIGN:
                self._foreign.clear()
            self._foreign[atom] = self._lookup(atom)
        return self._foreign[atom]
