"""xpra's options that limpet does not have: accepted where they ask for what limpet does anyway, else refused.

An option is never taken and then not applied: a value means the same as in xpra, or stops the command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from limpet.errors import OptionError
from limpet.records import dataclass

_PLAIN = re.compile(r"[A-Za-z0-9_.:%+-]{1,40}", re.ASCII)
"""Values that errors repeat: no others, since `--ws-auth=password:value=...` holds a password."""

_OFF = "no false off 0 none disabled"
_ON = "yes true on 1"


@dataclass(frozen=True, slots=True)
class StockOption:
    """`accepted` are the values (lower case) whose meaning limpet satisfies; `hint` is the way out for others."""

    flag: str
    what: str
    accepted: frozenset[str]
    hint: str

    def check(self, spelling: str, value: str) -> None:
        """Return when `value` changes nothing for limpet; raises `OptionError` when it would."""
        if value.strip().lower() in self.accepted:
            return
        hint = self.hint
        if not hint:
            fine = next((word for word in ("no", "off", "auto", "yes") if word in self.accepted), "")
            hint = f"leave it out, or give {spelling}={fine}" if fine else "leave it out"
        shown = f"={value}" if _PLAIN.fullmatch(value) else ""
        raise OptionError(f"{spelling}{shown}: limpet does not have {self.what}", hint=hint)


_OFF_OR_AUTO: Mapping[str, str] = MappingProxyType(
    {
        "audio": "sound yet",
        "av-sync": "sound yet",
        "backend": "other toolkits",
        "bandwidth-detection": "bandwidth detection",
        "bandwidth-limit": "bandwidth limits",
        "border": "window borders",
        "clipboard": "clipboard forwarding yet",
        "dbus": "D-Bus sessions",
        "dbus-control": "D-Bus control",
        "dbus-launch": "D-Bus sessions",
        "dbus-proxy": "D-Bus forwarding",
        "delay-tray": "a tray menu yet",
        "desktop-fullscreen": "desktop sessions yet",
        "fake-xinerama": "a fake Xinerama",
        "file-transfer": "file transfer yet",
        "forward-xdg-open": "URL forwarding yet",
        "global-menus": "global menus",
        "headerbar": "header bars of its own",
        "html": "a browser client yet",
        "http": "a web server yet",
        "http-scripts": "a web server yet",
        "ibus": "input methods yet",
        "idle-timeout": "idle timeouts yet",
        "input-method": "input methods yet",
        "keyboard-raw": "raw keyboard codes",
        "mdns": "mDNS announcements yet",
        "microphone": "sound yet",
        "mmap": "shared memory transfers yet",
        "mmap-group": "shared memory transfers yet",
        "notifications": "notification forwarding yet",
        "open-files": "file transfer yet",
        "open-url": "URL forwarding yet",
        "opengl": "OpenGL painting yet",
        "printing": "printing yet",
        "proxy-start-sessions": "a proxy server yet",
        "pulseaudio": "sound yet",
        "rdp-upgrade": "RDP",
        "readonly": "read-only sessions yet",
        "record": "recordings yet",
        "refresh-rate": "a choice of the refresh rate",
        "remote-logging": "remote logging",
        "rfb-upgrade": "RFB (VNC) clients yet",
        "server-idle-timeout": "idle timeouts yet",
        "sharing": "sharing by several clients yet",
        "shell": "a remote shell",
        "speaker": "sound yet",
        "splash": "splash screens",
        "ssh-upgrade": "SSH yet",
        "ssl-upgrade": "upgrades from clear to SSL within a connection: they can be stripped",
        "start-via-proxy": "a proxy server yet",
        "steal": "sharing by several clients yet",
        "sync-xvfb": "a visible virtual screen",
        "system-tray": "tray forwarding yet",
        "systemd-run": "systemd-run wrapping",
        "tray": "a tray menu yet",
        "use-display": "sessions on existing X servers yet",
        "webcam": "webcam forwarding yet",
        "websocket-upgrade": "WebSocket yet",
        "xsettings": "XSETTINGS forwarding yet",
    }
)
"""Features that are not there: off and auto are what limpet does."""

_OFF_ONLY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bind-quic": ("the transport QUIC yet", "use --bind-tcp, --bind-ssl or --bind"),
        "bind-rdp": ("the transport RDP", "use --bind-tcp, --bind-ssl or --bind"),
        "bind-rfb": ("the transport RFB (VNC) yet", "use --bind-tcp, --bind-ssl or --bind"),
        "bind-ssh": ("the transport SSH yet", "use --bind-tcp, --bind-ssl or --bind"),
        "bind-udp": ("the transport UDP", "use --bind-tcp, --bind-ssl or --bind"),
        "bind-vsock": ("the transport vsock yet", "use --bind-tcp, --bind-ssl or --bind"),
        "bind-ws": ("the transport WebSocket yet", "use --bind-tcp, --bind-ssl or --bind"),
        "bind-wss": ("the transport secure WebSocket yet", "use --bind-tcp, --bind-ssl or --bind"),
        "chdir": ("a working directory option", "change to the directory before 'limpet start'"),
        "exit-with-client": ("sessions that end with their client yet", "leave it out, or use --exit-with-children"),
        "lock": ("locks against other clients yet", "leave it out: a new client takes the place of the old one"),
        "minimal": ("a minimal mode", "leave it out"),
        "quic-auth": ("the transport QUIC yet", "use --auth, --tcp-auth or --ssl-auth"),
        "rdp-auth": ("the transport RDP", "use --auth, --tcp-auth or --ssl-auth"),
        "rfb-auth": ("the transport RFB (VNC) yet", "use --auth, --tcp-auth or --ssl-auth"),
        "ssh-auth": ("the transport SSH yet", "use --auth, --tcp-auth or --ssl-auth"),
        "start-new-commands": ("starting of programs by clients yet", "leave it out: clients cannot start programs"),
        "terminate-children": ("a choice here", "leave it out: the programs end with the session's X server"),
        "udp-auth": ("the transport UDP", "use --auth, --tcp-auth or --ssl-auth"),
        "vsock-auth": ("the transport vsock yet", "use --auth, --tcp-auth or --ssl-auth"),
        "ws-auth": ("the transport WebSocket yet", "use --auth, --tcp-auth or --ssl-auth"),
        "wss-auth": ("the transport secure WebSocket yet", "use --auth, --tcp-auth or --ssl-auth"),
    }
)

_SOME_VALUES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "attach": ("a client started by the server's command", "no false off 0 auto", "run 'limpet attach' afterwards"),
        "auto-refresh-delay": ("a choice of the refresh delay yet", "auto 0.15", ""),
        "bell": ("a choice about the bell", _ON + " auto", "leave it out: the bell is forwarded"),
        "challenge-handlers": ("a choice of password sources", "all auto", "use --password-file"),
        "clipboard-direction": ("clipboard forwarding yet", "both disabled none", ""),
        "compressors": ("a choice of compressors", "all auto", "use --compression-level"),
        "csc-modules": ("colour conversion modules", "all auto none", ""),
        "cursors": ("a choice about cursors", _ON + " auto", "leave it out: cursors are forwarded"),
        "desktop-scaling": ("scaling of the desktop yet", _OFF + " auto 1 1x1 100%", ""),
        "displayfd": ("a display number on a descriptor", "0 none", "'limpet list' shows the session's display"),
        "dpi": ("a choice of the resolution yet", "0 auto 96", ""),
        "keyboard-sync": ("unsynchronised keyboards", _ON, ""),
        "log-dir": ("a directory for logs", "auto", "use --log-file"),
        "min-port": ("a lowest port", "1024", "leave it out: the system decides which ports may be used"),
        "min-quality": ("a least quality", "0 1 auto", "use --quality"),
        "min-speed": ("a choice of the speed", "0 1 auto", "use --quality"),
        "modal-windows": ("a choice about modal windows", _ON + " auto", ""),
        "mousewheel": ("a choice about the wheel", _ON + " auto", ""),
        "packet-encoders": ("a choice of packet encoders", "all auto", "leave it out: the peers agree on one"),
        "pings": ("a choice about pings", _ON + " 5 auto", "leave it out: lost links are noticed"),
        "pixel-depth": ("a choice of the depth", "0 24 auto", "leave it out: it is 24"),
        "proxy-video-encoders": ("video encoders yet", "all auto none", ""),
        "socket-permissions": ("sockets open to other users", "600 0600", "leave it out: sockets are for their owner"),
        "speed": ("a choice of the speed", "0 auto", "use --quality"),
        "video": ("video encodings yet", _OFF + " auto", ""),
        "video-decoders": ("video decoders yet", "all auto none", ""),
        "video-encoders": ("video encoders yet", "all auto none", ""),
        "video-scaling": ("video scaling yet", _OFF + " auto", ""),
        "windows": ("clients without windows", _ON, ""),
        "xvfb": ("a choice of the X server's command", "auto xvfb", "use --xvfb-geometry"),
    }
)

_NEVER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "clipboard-filter-file": ("clipboard forwarding yet", ""),
        "exec-wrapper": ("wrappers for commands", "put the wrapper into --start"),
        "exit-ssh": ("SSH yet", ""),
        "gid": ("a change of group", "run it as that user"),
        "input-devices": ("a choice of the input devices", ""),
        "key-shortcut": ("key shortcuts yet", ""),
        "keyboard-backend": ("a choice of the keyboard's back end", ""),
        "keyboard-layout": ("a choice of the keyboard layout yet", "leave it out: keys travel by their meaning"),
        "keyboard-layouts": ("a choice of the keyboard layout yet", "leave it out: keys travel by their meaning"),
        "keyboard-model": ("a choice of the keyboard layout yet", "leave it out: keys travel by their meaning"),
        "keyboard-options": ("a choice of the keyboard layout yet", "leave it out: keys travel by their meaning"),
        "keyboard-variant": ("a choice of the keyboard layout yet", "leave it out: keys travel by their meaning"),
        "keyboard-variants": ("a choice of the keyboard layout yet", "leave it out: keys travel by their meaning"),
        "local-clipboard": ("clipboard forwarding yet", ""),
        "lpadmin": ("printing yet", ""),
        "lpinfo": ("printing yet", ""),
        "max-size": ("limits for window sizes", ""),
        "microphone-codec": ("sound yet", ""),
        "min-size": ("limits for window sizes", ""),
        "open-command": ("file transfer yet", ""),
        "pidfile": ("a PID file of choice", "the session's directory has one: see 'limpet list'"),
        "pulseaudio-command": ("sound yet", ""),
        "pulseaudio-configure-commands": ("sound yet", ""),
        "remote-clipboard": ("clipboard forwarding yet", ""),
        "remote-xpra": ("SSH yet", ""),
        "shortcut-modifiers": ("key shortcuts yet", ""),
        "socket-dir": ("a choice of the directory for sockets", "use --bind=PATH"),
        "socket-dirs": ("a choice of the directory for sockets", "use --bind=PATH"),
        "sound-source": ("sound yet", ""),
        "source": ("scripts for the environment", "use --env"),
        "source-start": ("scripts for the environment", "use --env"),
        "speaker-codec": ("sound yet", ""),
        "ssh": ("SSH yet", "use an SSH tunnel: ssh -L 10000:/path/of/the/socket HOST"),
        "start-after-connect": ("programs started at a client's arrival yet", "use --start"),
        "start-child-after-connect": ("programs started at a client's arrival yet", "use --start-child"),
        "start-child-late": ("programs started late", "use --start-child"),
        "start-child-on-connect": ("programs started at a client's arrival yet", "use --start-child"),
        "start-child-on-last-client-exit": ("programs started at a client's leave yet", ""),
        "start-late": ("programs started late", "use --start"),
        "start-on-connect": ("programs started at a client's arrival yet", "use --start"),
        "start-on-last-client-exit": ("programs started at a client's leave yet", ""),
        "system-proxy-socket": ("a proxy server yet", ""),
        "systemd-run-args": ("systemd-run wrapping", ""),
        "tcp-proxy": ("forwarding of other protocols", ""),
        "title": ("a choice of window titles yet", ""),
        "tray-icon": ("a tray menu yet", ""),
        "uid": ("a change of user", "run it as that user"),
        "wm-name": ("a choice of the window manager's name", ""),
        "window-icon": ("a choice of window icons", ""),
    }
)


@lru_cache(maxsize=1)
def stock_options() -> Mapping[str, StockOption]:
    """Spelling (with its dashes) -> option."""
    rows = [
        *(StockOption(f"--{name}", what, _words(f"{_OFF} auto"), "") for name, what in _OFF_OR_AUTO.items()),
        *(StockOption(f"--{name}", what, _words(_OFF), hint) for name, (what, hint) in _OFF_ONLY.items()),
        *(StockOption(f"--{name}", what, _words(ok), hint) for name, (what, ok, hint) in _SOME_VALUES.items()),
        *(StockOption(f"--{name}", what, frozenset(), hint) for name, (what, hint) in _NEVER.items()),
    ]
    return MappingProxyType({row.flag: row for row in rows})


_KEYS_OFF: Mapping[str, str] = MappingProxyType(
    {
        "http": "a web server yet",
        "mdns": "mDNS announcements yet",
        "proxy-start": "a proxy server yet",
        "quic": "QUIC yet",
        "rdp": "RDP",
        "readonly": "read-only listeners yet",
        "rfb": "RFB (VNC) clients yet",
        "ssh": "SSH yet",
        "trust-proxy-headers": "a web server yet",
        "ws": "WebSocket yet",
        "wss": "WebSocket yet",
    }
)
_KEYS_ON: Mapping[str, str] = MappingProxyType(
    {
        "client-authentication": "a choice about it",
        "exit": "a choice of requests per listener yet",
        "file": "a choice of requests per listener yet",
        "id": "a choice of requests per listener yet",
        "info": "a choice of requests per listener yet",
        "screenshot": "a choice of requests per listener yet",
        "stop": "a choice of requests per listener yet",
        "version": "a choice of requests per listener yet",
    }
)


@lru_cache(maxsize=1)
def stock_bind_keys() -> Mapping[str, StockOption]:
    """Key on a bind line -> option."""
    rows = [
        *(StockOption(key, what, _words(_OFF), "") for key, what in _KEYS_OFF.items()),
        *(StockOption(key, what, _words(_ON), "") for key, what in _KEYS_ON.items()),
    ]
    return MappingProxyType({row.flag: row for row in rows})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())
