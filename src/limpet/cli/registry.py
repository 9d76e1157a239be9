"""The commands of `limpet`, one row each; their modules are imported when they run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from limpet.config.credentials import Environment
from limpet.config.options import Options
from limpet.config.schema import Scope
from limpet.errors import ExitCode, OptionError
from limpet.records import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command line, read: positional `arguments` (a target may hold a password: do not log them).

    `words` are the words after `limpet`, secrets replaced by `***`: for logs and records.
    """

    command: str
    arguments: tuple[str, ...]
    options: Options
    environment: Environment
    words: tuple[str, ...]


class RunCommand(Protocol):
    """What a command's module offers as `run`: returns the exit status, raises `LimpetError`."""

    def __call__(self, invocation: Invocation) -> int: ...


@dataclass(frozen=True, slots=True)
class Command:
    """`module` has the function `run`; `usage` shows the positional arguments, of which there are `least` to `most`."""

    name: str
    summary: str
    usage: str
    module: str
    scope: Scope
    least: int = 0
    most: int = 1
    details: str = ""

    def load(self) -> RunCommand:
        """Import the module."""
        run: RunCommand = importlib.import_module(self.module).run
        return run

    def check_arguments(self, count: int) -> None:
        """Raise `OptionError` when there are too few or too many positional arguments."""
        if self.least <= count <= self.most:
            return
        problem = "not enough arguments" if count < self.least else "too many arguments"
        raise OptionError(f"{self.name}: {problem}", hint=f"usage: limpet {self.name} {self.usage}".rstrip())


_TARGET_DETAILS = (
    "TARGET is :N (a session of this machine), the path of a unix socket, tcp://HOST:PORT/ or ssl://HOST:PORT/; "
    "tcp:HOST:PORT and ssl:HOST:PORT work too. Without TARGET the only live session of this machine is meant."
)
_SESSION = "[:N] [OPTIONS]"
_TARGET = "[TARGET] [OPTIONS]"

_ROWS = (
    Command(
        "start",
        "start a session whose programs can be attached to",
        _SESSION,
        "limpet.cli.start",
        Scope.START,
        details="Without :N the X server takes a free display number, which is printed.",
    ),
    Command("seamless", "the same as start", _SESSION, "limpet.cli.start", Scope.START),
    Command(
        "attach",
        "show the windows of a session on this desktop",
        _TARGET,
        "limpet.cli.attach",
        Scope.ATTACH,
        details=_TARGET_DETAILS,
    ),
    Command("detach", "detach the clients of a session", _TARGET, "limpet.cli.request", Scope.REQUEST),
    Command("stop", "end a session and its programs", _TARGET, "limpet.cli.request", Scope.REQUEST),
    Command("exit", "end a server, leave its display running", _TARGET, "limpet.cli.request", Scope.REQUEST),
    Command("list", "list the sessions of this user on this machine", "", "limpet.cli.list", Scope.LIST, most=0),
    Command("info", "show what a server says about itself", _TARGET, "limpet.cli.request", Scope.REQUEST),
    Command("version", "show the version of a server", _TARGET, "limpet.cli.request", Scope.REQUEST),
    Command("id", "show which session is behind a target", _TARGET, "limpet.cli.request", Scope.REQUEST),
    Command(
        "screenshot",
        "save a picture of a session's windows",
        "FILE [TARGET] [OPTIONS]",
        "limpet.cli.request",
        Scope.REQUEST,
        least=1,
        most=2,
    ),
    Command(
        "setup-ssl",
        "make a key and a certificate for a server",
        "[FILE] [OPTIONS]",
        "limpet.cli.setup_ssl",
        Scope.SETUP_SSL,
        details="FILE (ssl-cert.pem in the current directory) gets both, mode 0600; with --ssl-key=KEY the key is in "
        "a file of its own.",
    ),
    Command(
        "show-ssl",
        "show fingerprint, names and dates of a certificate",
        "FILE|TARGET [OPTIONS]",
        "limpet.cli.show_ssl",
        Scope.SHOW_SSL,
        least=1,
    ),
    Command("help", "show this, or the options of a command", "[COMMAND]", "limpet.cli.help", Scope.HELP),
)

COMMANDS: Mapping[str, Command] = MappingProxyType({row.name: row for row in _ROWS})
"""Name -> command, in the order of the help."""

TARGET_DETAILS = _TARGET_DETAILS

_STOCK_COMMANDS = frozenset(
    """
    about autostart bug-report clean clean-displays clean-sockets configure connect-test control desktop displays docs
    encoder encoding example expand gui html5 initenv keymap launcher list-clients list-mdns list-sessions list-windows
    listen mdns-gui menu-cache monitor monitor-info network-info opengl path-info print proxy qrcode rdp request-shadow
    request-start request-start-desktop run send-file sessions set shadow shadow-screen shell showconfig showsetting
    start-desktop start-gui toolbox top unset upgrade upgrade-desktop upgrade-monitor upgrade-seamless upgrade-shadow
    webcam
    """.split()
)
"""xpra's commands that limpet does not have."""


def find_command(name: str) -> Command:
    """The command `name`; raises `OptionError` with the likely one as hint."""
    command = COMMANDS.get(name)
    if command:
        return command
    if name in _STOCK_COMMANDS:
        raise OptionError(
            f"limpet does not have xpra's command '{name}'",
            hint="'limpet help' lists the commands",
            exit_code=ExitCode.UNSUPPORTED,
        )
    if not name.replace("-", "").isalpha():
        # xpra takes a target as its first word; it is not repeated here, since it may hold a password
        raise OptionError("the first word is not a command", hint="to connect: limpet attach TARGET")
    from difflib import get_close_matches

    close = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean 'limpet {close[0]}'?" if close else "'limpet help' lists the commands"
    raise OptionError(f"there is no command '{name}'", hint=hint)
