"""The two hellos and the encryption keys as dataclasses (hello.md 3.5, crypto.md 4.4).

Keys that differ in type between versions (`encodings`, `encoding`, `platform`, `display`, `dpi`, `notifications`,
`lz4`, `cursor`: scalars for 3.1.3, dicts for 6.x) need no special care when writing: their scalar side is declared with
a path that ends in `/`, and only the nested form makes dicts.
"""

# no `from __future__ import annotations`: the table reads the field types as objects

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, ClassVar

from limpet.errors import PacketError
from limpet.limits import HANDSHAKE
from limpet.packets.capfields import Capabilities, Spelling, cap, group, keys_of, read, text_keys
from limpet.packets.capgroups import (
    AudioCaps,
    ClipboardCaps,
    DisplayCaps,
    EncodingCaps,
    FileCaps,
    InputCaps,
    Keymap,
    NetworkCaps,
    NotificationCaps,
    WindowCaps,
)
from limpet.packets.declared import declared
from limpet.packets.dialect import NESTED_65, Dialect
from limpet.packets.fields import U32, U64, Codec, SizePx, TextMap, load_text, octets
from limpet.values import Wire


def _load_version(value: Any) -> str:
    # 6.5.5 answers `id` with [6, 5], everything else is text
    if isinstance(value, (list, tuple)):
        return ".".join(str(x) for x in value[:4] if type(x) is int and 0 <= x < 10**9)
    return load_text(value)[:64]


VersionText = Annotated[str, Codec(_load_version)]


def _dump_iv(value: bytes, _: Dialect) -> Wire:
    # peers expect 16 characters (encoding.md 2.6); our IVs are ASCII, anything else must stay bytes to survive
    return value.decode() if value.isascii() else value


Iv = Annotated[bytes, Codec(octets(16, 16).load, _dump_iv)]
KeySalt = Annotated[bytes, octets(1, HANDSHAKE.max_salt)]


@declared
class EncryptionCaps(Capabilities):
    """How the sender of these keys wants to be spoken to: its peer encrypts with them (crypto.md 4.4).

    Values are as the peer sent them, only typed and bounded in length; whether mode, sizes and iterations are
    acceptable is decided by who derives the key.
    """

    cipher: str = cap("cipher", "encryption/cipher", strict=True)
    iv: Iv = cap("cipher.iv", "encryption/iv", strict=True)
    key_salt: KeySalt = cap("cipher.key_salt", "encryption/key_salt", strict=True, secret=True)
    key_stretch_iterations: U32 = cap("cipher.key_stretch_iterations", "encryption/key_stretch_iterations", strict=True)
    mode: str = cap("cipher.mode", "encryption/mode", default="CBC", strict=True)
    key_size: U32 = cap("cipher.key_size", "encryption/key_size", default=32, strict=True)
    key_hash: str = cap("cipher.key_hash", "encryption/key_hash", default="SHA1", strict=True)
    key_stretch: str = cap("cipher.key_stretch", "encryption/key_stretch", default="PBKDF2", strict=True)
    padding: str = cap("cipher.padding", "encryption/padding", default="PKCS#7", strict=True)
    padding_options: tuple[str, ...] = cap(
        "cipher.padding.options", "encryption/padding.options", default=(), strict=True
    )
    mode_options: tuple[str, ...] = cap("cipher.mode.options", "encryption/mode.options", default=())
    stream: bool = cap("", "encryption/stream", default=True, strict=True)
    always_pad: bool = cap("", "encryption/always-pad", default=False)
    """looks meaningful, is not (traps.md 47)"""

    BARE: ClassVar[Mapping[str, str]] = {
        "cipher": "cipher",
        "iv": "iv",
        "key_salt": "key_salt",
        "key_stretch_iterations": "key_stretch_iterations",
        "mode": "mode",
        "key_size": "key_size",
        "key_hash": "key_hash",
        "key_stretch": "key_stretch",
        "padding": "padding",
        "padding_options": "padding.options",
        "mode_options": "mode.options",
        "stream": "stream",
        "always_pad": "always-pad",
    }
    """keys inside the `encryption` dict"""

    @classmethod
    def read_group(cls, caps: Mapping[Any, Wire]) -> "EncryptionCaps | None":
        """From a hello; None where it asks for no encryption. PacketError where it does and a key is wrong.

        One form is read, never a mixture: the `encryption` dict where it names a cipher, else the flat keys.
        """
        named = text_keys(caps)
        nested = named.get("encryption")
        if nested is not None and not isinstance(nested, Mapping):
            raise PacketError("hello: encryption: expected a dict")
        if nested and text_keys(nested).get("cipher"):
            return cls._read_bare(text_keys(nested))
        if not named.get("cipher"):
            return None
        # xpra 3.1.3: absent means its old padding (crypto.md 4.4)
        flat: dict[str, Wire] = {"cipher": named["cipher"], "padding": "legacy"}
        flat |= {key.removeprefix("cipher."): value for key, value in named.items() if key.startswith("cipher.")}
        return cls._read_bare(flat)

    @classmethod
    def from_challenge(cls, cipher: Mapping[Any, Wire]) -> "EncryptionCaps | None":
        """From element 2 of a `challenge`: nested, flat, or the bare keys that the browser reads (crypto.md 4.5)."""
        named = text_keys(cipher)
        if "encryption" in named or any(key.startswith("cipher.") for key in named):
            return cls.read_group(named)
        return cls._read_bare(named) if named.get("cipher") else None

    @classmethod
    def _read_bare(cls, named: Mapping[str, Wire]) -> "EncryptionCaps":
        # not super(): a slotted dataclass is a copy of the class that super() knows
        return read(cls, {"encryption": dict(named)})

    @classmethod
    def from_wire(cls, caps: Mapping[Any, Wire]) -> "EncryptionCaps":
        """As `read_group`, with PacketError where no cipher is named."""
        found = cls.read_group(caps)
        if found is None:
            raise PacketError("hello: encryption: cipher is missing")
        return found

    def write(self, out: dict[str, Wire], spelling: Spelling | Dialect) -> None:
        """Add all keys, defaults too: some peers need them named."""
        if isinstance(spelling, Dialect):
            spelling = Spelling.NESTED if spelling.nested else Spelling.FLAT
        bare = self.to_bare()
        if Spelling.NESTED in spelling:
            out["encryption"] = dict(bare)
        if Spelling.FLAT in spelling:
            for key in keys_of(type(self))[0]:
                if key.flat and (wire := bare.get(self.BARE[key.field])) is not None:
                    out[key.flat[0]] = wire

    def to_bare(self) -> dict[str, Wire]:
        """The keys without any prefix; empty lists left out."""
        out: dict[str, Wire] = {}
        for key in keys_of(type(self))[0]:
            value = getattr(self, key.field)
            if value != ():
                out[self.BARE[key.field]] = value if key.codec.dump is None else key.codec.dump(value, NESTED_65)
        return out

    def for_challenge(self) -> dict[str, Wire]:
        """Element 2 of a `challenge`: nested for 6.x, flat for 3.1.3, bare for the browser, all in one dict."""
        return self.to_bare() | self.to_wire(Spelling.BOTH)


Response = Annotated[bytes, octets(0, 65536)]


@declared
class ClientHello(Capabilities):
    """What a client says of itself. A first hello may be partial (`challenge`): never keep it (traps.md 25)."""

    version: VersionText = cap("version", default="")
    """"" where it is missing: `check_version` refuses it"""
    network: NetworkCaps = group(NetworkCaps)
    packet_types: tuple[str, ...] = cap("packet-types", default=())

    digest: tuple[str, ...] | None = cap("digest", default=None, strict=True)
    """None: not said, which stands for an ancient client (auth.md 5.3)"""
    salt_digest: tuple[str, ...] | None = cap("salt-digest", default=None, strict=True)
    challenge: bool = cap("challenge", default=False, strict=True)
    """True: a partial hello that asks to be challenged"""
    challenge_response: Response | None = cap("challenge_response", default=None, strict=True, secret=True)
    challenge_client_salt: Response | None = cap("challenge_client_salt", default=None, strict=True, secret=True)
    challenge_padding: Response | None = cap("challenge_padding", default=None, secret=True)
    encryption: EncryptionCaps | None = field(default=None, metadata={"group": EncryptionCaps})

    username: str = cap("username", default="")
    name: str = cap("name", default="")
    hostname: str = cap("hostname", default="")
    uuid: str = cap("uuid", default="")
    session_id: str = cap("session-id", default="")
    machine_id: str = cap("machine_id", default="")
    server_uuid: str = cap("server_uuid", default="")
    client_type: str = cap("client_type", default="")
    platform: str = cap("platform", "platform/", default="")
    session_type: str = cap("session-type", default="")

    ui_client: bool = cap("ui_client", default=True)
    share: bool = cap("share", default=False)
    lock: bool = cap("lock", default=False)
    steal: bool = cap("steal", default=True)
    wants: tuple[str, ...] | None = cap("", "wants", default=None)
    """None: not said, which means all but audio and events"""
    wants_aliases: bool = cap("wants_aliases", "", default=True)
    wants_encodings: bool = cap("wants_encodings", "", default=False)
    wants_versions: bool = cap("wants_versions", "", default=False)
    wants_features: bool = cap("wants_features", "", default=False)
    wants_display: bool = cap("wants_display", "", default=False)
    wants_events: bool = cap("wants_events", "events", default=False)
    setting_change: bool = cap("setting-change", default=False)
    notify_startup_complete: bool = cap("notify-startup-complete", default=False)
    control_commands: tuple[str, ...] = cap("control_commands", default=())
    info_namespace: bool = cap("info-namespace", "", default=False)

    display: DisplayCaps = group(DisplayCaps)
    window: WindowCaps = group(WindowCaps)
    encoding: EncodingCaps = group(EncodingCaps)
    keymap: Keymap = group(Keymap)
    input: InputCaps = group(InputCaps)
    clipboard: ClipboardCaps = group(ClipboardCaps)
    notification: NotificationCaps = group(NotificationCaps)
    file: FileCaps = group(FileCaps)
    audio: AudioCaps = group(AudioCaps)

    def first_to_wire(self, spelling: Spelling | Dialect) -> dict[str, Wire]:
        """The hello for a server of unknown version: its encryption keys in both spellings (crypto.md 4.6).

        6.x ignores the flat `cipher` keys, 3.1.3 the `encryption` dict.
        """
        out = self.to_wire(spelling)
        if self.encryption is not None:
            self.encryption.write(out, Spelling.BOTH)
        return out

    @property
    def metadata_supported(self) -> tuple[str, ...]:
        """The names of window metadata that the client takes."""
        return self.window.metadata_supported

    @property
    def wants_windows(self) -> bool:
        """Whether this client wants to see windows: it decodes pictures and did not say no."""
        return self.ui_client and self.window.windows is not False and bool(self.encoding.usable)


@declared
class ServerHello(Capabilities):
    """What a server says of itself.

    `packet_types` stays empty in limpet's own hello although limpet reads every listed form: the list makes 6.x clients
    send their newest layouts (`pointer`, `window-ack`, ...; traps.md 29), which gain nothing, while the legacy ones are
    what all stock peers were seen to work with (session-packets.md 6.1).
    """

    version: VersionText = cap("version", default="")
    network: NetworkCaps = group(NetworkCaps)
    packet_types: tuple[str, ...] = cap("packet-types", default=())
    digest: tuple[str, ...] = cap("digest", default=())
    salt_digest: tuple[str, ...] = cap("salt-digest", default=())
    encryption: EncryptionCaps | None = field(default=None, metadata={"group": EncryptionCaps})

    uuid: str = cap("uuid", default="")
    machine_id: str = cap("machine_id", "machine_id machine-id", default="")
    hostname: str = cap("hostname", default="")
    session_name: str = cap("session_name", default="", also="session-name")
    session_type: str = cap("session-type", default="")
    server_mode: str = cap("server.mode", "server/mode", default="")
    platform: str = cap("platform", "platform/", default="")
    pid: U32 = cap("pid", default=0)
    start_time: U64 = cap("start_time", default=0)
    """seconds since the epoch"""
    current_time: U64 = cap("current_time", default=0)
    elapsed_time: U64 = cap("elapsed_time", default=0)
    """seconds since the start"""

    display: str = cap("display", default="")
    """name of the X display"""
    desktop_size: SizePx | None = cap("desktop_size", default=None, also="display.desktop_size")
    actual_desktop_size: SizePx | None = cap("actual_desktop_size", default=None, also="display.actual_desktop_size")
    root_window_size: SizePx | None = cap("root_window_size", default=None, also="display.root_window_size")
    max_desktop_size: SizePx | None = cap("max_desktop_size", default=None, also="display.max_desktop_size")
    resize_screen: bool = cap("resize_screen", default=False, also="display.resize_screen")
    resize_exact: bool = cap("resize_exact", default=False, also="display.resize_exact")

    windows: bool | None = cap("windows", "", default=None)
    keyboard: bool | None = cap("keyboard", default=None)
    pointer: bool | None = cap("pointer", default=None)
    cursors: bool | None = cap("cursors", default=None)
    bell: bool = cap("bell", default=False)
    notifications: bool = cap("notifications", "notifications/enabled notification", default=False)
    modifier_keycodes: TextMap | None = cap("modifier_keycodes", default=None)
    """modifier name to [[key code, key name]..]"""
    modifiers_keynames: TextMap | None = cap("modifiers-keynames", default=None)
    key_repeat: tuple[U32, U32] | None = cap("key_repeat", default=None)
    wheel_precise: bool = cap("wheel.precise", default=False)
    pointer_relative: bool = cap("pointer.relative", "", default=False)
    """3.1.3; nested it would make `pointer` a dict"""
    clipboard: ClipboardCaps = group(ClipboardCaps)
    file: FileCaps = group(FileCaps)
    audio: AudioCaps = group(AudioCaps)

    sharing: bool = cap("sharing", default=False)
    sharing_toggle: bool = cap("sharing-toggle", default=False)
    lock: bool = cap("lock", default=False)
    lock_toggle: bool = cap("lock-toggle", default=False)
    readonly: bool = cap("readonly", default=False)
    client_shutdown: bool = cap("client-shutdown", default=True)
    """whether clients may stop the server; absent means yes to every stock client"""
    exit_server: bool = cap("exit_server", default=False)
    start_new_commands: bool = cap("start-new-commands", default=False)
    remote_logging: bool = cap("remote-logging", "remote-logging/receive", default=False)
    info_request: bool = cap("info-request", default=False)
    notify_startup_complete: bool = cap("notify-startup-complete", default=False)
    server_events: bool = cap("server-events", default=False)
    suspend_resume: bool = cap("suspend-resume", default=False)

    encodings: tuple[str, ...] = cap("encodings", "encodings/", default=())
    encodings_core: tuple[str, ...] = cap("encodings.core", "encodings/core", default=())
    encodings_with_speed: tuple[str, ...] = cap("encodings.with_speed", "encodings/with_speed", default=())
    encodings_with_quality: tuple[str, ...] = cap("encodings.with_quality", "encodings/with_quality", default=())
    encodings_with_lossless: tuple[str, ...] = cap(
        "encodings.with_lossless_mode", "encodings/with_lossless_mode", default=()
    )
    encodings_delayed: bool = cap("encodings.delayed", "encodings/delayed", default=False)
    """the list follows in an `encodings` packet"""
    encoding: str = cap("encoding", "encoding/", default="")
    auto_refresh_delay_ms: U32 | None = cap("auto_refresh_delay", default=None)
    auto_video_encoding: bool = cap("auto-video-encoding", default=False)
    window_states: tuple[str, ...] = cap("window.states", "window/states", default=())
    window_signals: tuple[str, ...] = cap("window.signals", "window/signals", default=())
    window_decorations: bool = cap("window.decorations", "", default=False)
    window_frame_extents: bool = cap("window.frame-extents", "window/frame-extents", default=False)
    window_resize_counter: bool = cap("window.resize-counter", "", default=False)
    window_raise: bool = cap("window.raise", "", default=False)
    window_configure_pointer: bool = cap("window.configure.pointer", "", default=False)
    window_configure_skip_geometry: bool = cap("window.configure.skip-geometry", "", default=False)
    window_refresh_config: bool = cap("window_refresh_config", default=False)
    window_unmap: bool = cap("window_unmap", "", default=False)
    bandwidth_limit_change: bool = cap(
        "network.bandwidth-limit-change", "network/bandwidth-limit-change", default=False
    )

    @property
    def client_type(self) -> str:
        """A server has none; `dialect_of` asks either hello."""
        return ""

    @property
    def metadata_supported(self) -> tuple[str, ...]:
        """A server takes no window metadata; `dialect_of` asks either hello."""
        return ()
