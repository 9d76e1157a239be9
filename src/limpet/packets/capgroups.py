"""Capabilities by subject (hello.md 3.5); `capabilities.py` puts them together into the two hellos."""

# no `from __future__ import annotations`: the table reads the field types as objects

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from limpet.packets.capfields import Capabilities, cap
from limpet.packets.declared import declared
from limpet.packets.fields import I32, U8, U16, U32, U64, AnyWire, Codec, RectPx, SizePx, TextMap, load_text
from limpet.packets.records import Record, entry
from limpet.values import Rect

MIB = 1024 * 1024


@declared
class Monitor(Record):
    """One monitor of the client. Sizes in pixels and mm; `refresh_rate` in mHz."""

    geometry: RectPx = entry("geometry", Rect(0, 0, 0, 0))
    width_mm: U16 = 0
    height_mm: U16 = 0
    refresh_rate: U32 = 0
    scale_factor: U16 = 1
    primary: bool = False
    name: str = ""
    model: str = ""
    manufacturer: str = ""
    subpixel_layout: str = ""
    workarea: RectPx = entry("workarea", Rect(0, 0, 0, 0))


MonitorMap = Mapping[int, Monitor]
"""Monitors by index: integer keys on the wire (traps.md 12)."""


@declared
class DisplayCaps(Capabilities):
    """The client's screen. 6.x wants the `display` dict and takes the top-level keys too; 3.1.3 only the latter."""

    desktop_size: SizePx | None = cap("desktop_size", "display/desktop_size desktop_size", default=None)
    screen_sizes: tuple[AnyWire, ...] = cap("screen_sizes", "display/screen_sizes screen_sizes", default=())
    """[display, w, h, wmm, hmm, [[name, x, y, w, h, wmm, hmm, ..]..], wx, wy, ww, wh] for each screen"""
    monitors: MonitorMap | None = cap("", "display/monitors monitors", default=None)
    dpi: U16 = cap("dpi", "display/dpi/ dpi/", default=0)
    dpi_x: U16 = cap("dpi.x", "display/dpi/x dpi/x", default=0)
    dpi_y: U16 = cap("dpi.y", "display/dpi/y dpi/y", default=0)
    vrefresh: U16 = cap("vrefresh", "display/refresh-rate display/vrefresh vrefresh", default=0)
    """refresh rate in Hz, 0 unknown"""
    desktops: U8 = cap("desktops", "display/desktops desktops", default=0)
    desktop_names: tuple[str, ...] = cap("desktop.names", "display/desktop.names desktop.names", default=())
    show_desktop: bool = cap("show-desktop", "display/show-desktop show-desktop", default=False)
    randr_notify: bool = cap("randr_notify", "display/resize-events", default=False)
    """whether the client wants to hear of changes of the server's screen size"""
    name: str = cap("display", "", default="")
    """display the client wants, 3.1.3 only; 6.x sends a dict under this key"""


@declared
class WindowCaps(Capabilities):
    """Which windows and which of their properties the client takes."""

    windows: bool | None = cap("windows", "windows window/enabled", default=None)
    """None: not said. 3.1.3 then means yes; 6.x needs it (see `ClientHello.wants_windows`)."""
    metadata_supported: tuple[str, ...] = cap("metadata.supported", default=())
    frame_sizes: TextMap | None = cap("window.frame_sizes", "window/frame_sizes", default=None)
    min_size: SizePx | None = cap("window.min-size", "window/min-size", default=None)
    max_size: SizePx | None = cap("window.max-size", "window/max-size", default=None)
    restack: bool = cap("window.restack", "window/restack", default=False)
    initiate_moveresize: bool = cap(
        "window.initiate-moveresize", "window/initiate-moveresize window.initiate-moveresize", default=False
    )
    pre_map: bool = cap("", "window/pre-map", default=False)
    resize_counter: bool = cap("window.resize-counter", "", default=False)
    server_move_resize: bool = cap("server-window-move-resize", "", default=False)
    """3.1.3: the client takes `window-move-resize`"""
    server_resize: bool = cap("server-window-resize", "", default=False)
    """3.1.3: the client takes `window-resized`"""
    states: tuple[str, ...] = cap("window.states", default=())
    system_tray: bool = cap("system_tray", default=False)
    bell: bool = cap("bell", default=False)


@declared
class EncodingCaps(Capabilities):
    """Which pictures the client decodes (session-packets.md 6.5).

    6.5 reads the `encoding` dict; 6.2 the `encodings` one, so the nested form writes both.
    """

    setting: str = cap("encoding", "encoding/", default="", also="encoding.setting")
    options: tuple[str, ...] = cap("encodings", "encoding/options encodings/", default=())
    """encodings by the names a user may choose, best first"""
    core: tuple[str, ...] = cap("encodings.core", "encoding/core encodings/core", default=())
    """encodings that are really decoded"""
    rgb_formats: tuple[str, ...] = cap(
        "encodings.rgb_formats encoding.rgb_formats", "encoding/rgb_formats encodings/rgb_formats", default=()
    )
    window_icon: tuple[str, ...] = cap(
        "encodings.window-icon", "encoding/window-icon encodings/window-icon", default=()
    )
    cursor: tuple[str, ...] = cap("encodings.cursor", "cursor/encodings encodings/cursor", default=())
    packet: bool = cap("", "encodings/packet", default=False)
    """the client takes the `encodings` packet"""
    full_csc_modes: TextMap | None = cap("encoding.full_csc_modes", "encoding/full_csc_modes", default=None)
    quality: U8 = cap("encoding.quality", "encoding/quality", default=0)
    min_quality: U8 = cap("encoding.min-quality", "encoding/min-quality", default=0)
    speed: U8 = cap("encoding.speed", "encoding/speed", default=0)
    min_speed: U8 = cap("encoding.min-speed", "encoding/min-speed", default=0)
    rgb_lz4: bool = cap("encoding.rgb_lz4", "encoding/rgb_lz4", default=False)
    rgb_zlib: bool = cap("encoding.rgb_zlib", "encoding/rgb_zlib", default=False, also="encoding.rgb24zlib")
    rgb_zstd: bool = cap("", "encoding/rgb_zstd", default=False)
    flush: bool = cap("encoding.flush", "", default=False)
    """3.1.3: the client reads the draw option `flush`; 6.x clients always do"""
    client_options: bool = cap("encoding.client_options", "", default=False)
    """3.1.3: the client reads draw options at all"""
    generic: bool = cap("encoding.generic generic-rgb-encodings", "", default=False)
    eos: bool = cap("encoding.eos", "encoding/eos", default=False)
    scrolling: bool = cap("encoding.scrolling", "", default=False)
    transparency: bool = cap("encoding.transparency", default=False)
    video_max_size: SizePx | None = cap("encoding.video_max_size", "encoding/video_max_size", default=None)
    max_soft_expired: U16 = cap("encoding.max-soft-expired", "encoding/max-soft-expired", default=0)
    send_timestamps: bool = cap("encoding.send-timestamps", "encoding/send-timestamps", default=False)
    auto_refresh_delay_ms: U32 | None = cap("auto_refresh_delay", default=None)

    @property
    def usable(self) -> tuple[str, ...]:
        """What the client decodes: `core`, and the user names where it sent no core list."""
        return self.core or self.options


KeyCode = tuple[U32, str, U32, U8, U8]
"""keyval, key name, key code, group, level"""


def _load_names(value: Any) -> tuple[str, ...]:
    # xpra 6.2.5 puts odd values like "[]" into lists of names; 3.1.3 sends one name without its list
    if isinstance(value, (str, bytes)):
        return (load_text(value),)
    if isinstance(value, (list, tuple)):
        return tuple(map(load_text, value))
    raise ValueError("expected a list")


Names = Annotated[tuple[str, ...], Codec(_load_names)]


@declared
class Keymap(Capabilities):
    """The client's keyboard map (session-packets.md 6.7), in the hello and in `keymap-changed`."""

    layout: str = cap("xkbmap_layout", "keymap/layout", default="")
    layouts: Names = cap("xkbmap_layouts", "keymap/layouts", default=())
    variant: str = cap("xkbmap_variant", "keymap/variant", default="")
    variants: Names = cap("xkbmap_variants", "keymap/variants", default=())
    options: str = cap("xkbmap_options", "keymap/options", default="")
    layout_groups: bool = cap("xkbmap_layout_groups", "keymap/layout_groups", default=False)
    query: str = cap("xkbmap_query", "keymap/query", default="")
    """output of `setxkbmap -query`"""
    query_struct: TextMap | None = cap("xkbmap_query_struct", "keymap/query_struct", default=None)
    print: str = cap("xkbmap_print", "keymap/print", default="")
    """output of `setxkbmap -print`"""
    raw: bool = cap("xkbmap_raw", "keymap/raw", default=False)
    mod_meanings: Mapping[str, str] | None = cap("xkbmap_mod_meanings", "keymap/mod_meanings", default=None)
    """key name to modifier name"""
    mod_managed: Names = cap("xkbmap_mod_managed", "keymap/mod_managed", default=())
    mod_pointermissing: Names = cap("xkbmap_mod_pointermissing", "keymap/mod_pointermissing", default=())
    """modifiers that the client's pointer events leave out, normally num lock"""
    keycodes: tuple[KeyCode, ...] = cap("xkbmap_keycodes", "keymap/keycodes", default=())
    x11_keycodes: Mapping[int, tuple[str, ...]] | None = cap("xkbmap_x11_keycodes", "keymap/x11_keycodes", default=None)
    """key code to the keysym names of its levels"""
    sync: bool = cap("keyboard_sync", "keymap/sync keyboard_sync", default=True)
    """False: the client sends one press per repeat and the server presses and releases at once"""
    delay: bool = cap("", "keymap/delay", default=False)
    """the full map follows in `keymap-changed`"""
    backend: str = cap("", "keymap/backend", default="")


@declared
class InputCaps(Capabilities):
    """Keyboard, pointer and cursor of the client."""

    keyboard: bool | None = cap("keyboard", default=None)
    """None: not said; 6.x creates the keyboard only for True"""
    modifiers: tuple[str, ...] = cap("modifiers", default=())
    key_repeat: tuple[I32, I32] | None = cap("key_repeat", default=None)
    """delay and interval in ms; (0, 0) or less: none"""
    ibus: bool = cap("", "ibus", default=False)
    pointer: bool | None = cap("pointer", "pointer/", default=None)
    mouse_show: bool = cap("mouse.show", "mouse/show", default=False)
    initial_position: tuple[I32, I32] | None = cap(
        "mouse.initial-position", "pointer/initial-position mouse/initial-position", default=None
    )
    double_click_time_ms: I32 = cap("double_click.time", "pointer/double_click/time double_click/time", default=-1)
    double_click_distance: tuple[I32, I32] | None = cap(
        "double_click.distance", "pointer/double_click/distance double_click/distance", default=None
    )
    pointer_grabs: bool = cap("pointer.grabs", "pointer/grabs window/grabs", default=False)
    pointer_relative: bool = cap("pointer.relative", "pointer/relative", default=False)
    cursors: bool | None = cap("cursors", default=None)
    cursor_size: U16 = cap("cursor.size", "cursor/size", default=0)
    named_cursors: bool = cap("named_cursors", default=False)
    wants_default_cursor: bool = cap("wants_default_cursor", default=False)


@declared
class ClipboardCaps(Capabilities):
    """Clipboard flags of either side (session-packets.md 6.9)."""

    enabled: bool = cap("clipboard", "clipboard/ clipboard/enabled", default=False)
    notifications: bool = cap("clipboard.notifications", "clipboard/notifications", default=False)
    selections: tuple[str, ...] = cap("clipboard.selections", "clipboard/selections", default=(), also="clipboards")
    want_targets: bool = cap("clipboard.want_targets", "clipboard/want_targets", default=False)
    greedy: bool = cap("clipboard.greedy", "clipboard/greedy", default=False)
    preferred_targets: tuple[str, ...] = cap("clipboard.preferred-targets", "clipboard/preferred-targets", default=())
    set_enabled: bool = cap("clipboard.set_enabled", "", default=False)
    contents_slice_fix: bool = cap("clipboard.contents-slice-fix", "", default=False)
    """3.1.3: its contents packet is not cut wrongly"""
    enable_selections: bool = cap("clipboard.enable-selections", "clipboard/enable-selections", default=False)
    direction: str = cap("clipboard-direction", "clipboard/direction clipboard-direction", default="")
    """server only: both, to-server, to-client, disabled"""


@declared
class NotificationCaps(Capabilities):
    """Notifications; 6.x needs the dict, a bare boolean starts nothing (traps.md 21)."""

    enabled: bool = cap("notifications", "notifications/enabled notification", default=False)
    close: bool = cap("notifications.close", "notifications/close", default=False)
    actions: bool = cap("notifications.actions", "notifications/actions", default=False)


@declared
class FileCaps(Capabilities):
    """File transfer, URLs and printing of either side."""

    enabled: bool = cap("file-transfer", "file/enabled file-transfer", default=False)
    ask: bool = cap("file-transfer-ask", "file/ask file-transfer-ask", default=False)
    size_limit: U64 = cap("", "file/size-limit max-file-size", default=0)
    """bytes; 0: not said"""
    size_limit_mb: U32 = cap("file-size-limit", "", default=0)
    """the same in MiB, for 3.1.3 (session-packets.md 6.13)"""
    chunks: U32 = cap("file-chunks", "file/chunks file-chunks", default=0)
    """bytes; 0: no chunking"""
    open: bool = cap("open-files", "file/open open-files", default=False)
    open_ask: bool = cap("open-files-ask", "file/open-ask open-files-ask", default=False)
    open_url: bool = cap("open-url", "file/open-url open-url", default=False)
    open_url_ask: bool = cap("open-url-ask", "file/open-url-ask open-url-ask", default=False)
    printing: bool = cap("printing", "file/printing printing", default=False)
    printing_ask: bool = cap("printing-ask", "file/printing-ask printing-ask", default=False)
    ask_timeout_s: U32 = cap("file-ask-timeout", "file/ask-timeout file-ask-timeout", default=0)

    @property
    def max_bytes(self) -> int:
        """The biggest file that is taken; 0: not said."""
        return self.size_limit or self.size_limit_mb * MIB


@declared
class AudioCaps(Capabilities):
    """Audio of either side; limpet announces none."""

    receive: bool = cap("sound.receive", "audio/receive", default=False)
    send: bool = cap("sound.send", "audio/send", default=False)
    decoders: tuple[str, ...] = cap("sound.decoders", "audio/decoders", default=())
    encoders: tuple[str, ...] = cap("sound.encoders", "audio/encoders", default=())


@declared
class NetworkCaps(Capabilities):
    """Serializers, compressors and the liveness of the connection; the same keys from both sides (encoding.md 2.1)."""

    encoders: tuple[str, ...] = cap("encoders", default=())
    rencodeplus: bool = cap("rencodeplus", default=False)
    rencode: bool = cap("rencode", default=False)
    bencode: bool = cap("bencode", default=False)
    yaml: bool = cap("yaml", default=False)
    compressors: tuple[str, ...] = cap("compressors", default=())
    lz4: bool = cap("lz4", default=False)
    brotli: bool = cap("brotli", default=False)
    zstd: bool = cap("zstd", default=False)
    zlib: bool = cap("zlib", default=False)
    compression_level: U8 | None = cap("compression_level", default=None)
    """0..10, 0: none; None: not said"""
    chunks: bool = cap("chunks", default=True)
    flush: bool = cap("flush", default=False)
    ping: bool | None = cap("ping", default=None)
    """6.x answers pings only after `ping: True`"""
    ping_interval_s: U16 = cap("network.pings", "network/pings", default=0)
    ping_echo_sourceid: bool = cap("ping-echo-sourceid", default=False)
    network_state: bool = cap("network-state", default=False)
    bandwidth_limit: U64 = cap("bandwidth-limit", "bandwidth/limit bandwidth-limit", default=0)
    """bits per second, 0: none"""
    bandwidth_detection: bool = cap("bandwidth-detection", "bandwidth/detection bandwidth-detection", default=False)

    def compressor(self, available: Collection[str]) -> str:
        """The record compressor for this peer among those we have, "" for none (framing.md 1.3, last row).

        zlib comes last: only old peers name it.
        """
        for name in ("lz4", "zstd", "brotli", "zlib"):
            if name in available and (getattr(self, name) or name in self.compressors):
                return name
        return ""

    @property
    def wants_pings(self) -> bool:
        """Whether the peer asked that its pings be answered (hello.md 3.9)."""
        return bool(self.ping) or self.ping_interval_s > 0 or self.ping_echo_sourceid
