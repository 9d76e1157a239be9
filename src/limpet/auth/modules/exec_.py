"""`exec`: a program decides. Exit status 0 lets in, any other refuses.

It runs without a shell, with its own arguments and then the facts of the connection, each one `name=value`: kind,
address, uid, gid, pid, encrypted, certificate, loopback, socket, username. All but the last come from the transport;
`username` is what the client claims, so the program must not take it as proved. Its environment holds no credential of
the server, its input and output are closed, and it is killed with its children at the timeout.
"""

from __future__ import annotations

import shlex
from typing import ClassVar

from limpet.auth.module import Attempt, ModuleEnv, ModuleFailure
from limpet.auth.modules.base import BaseModule
from limpet.auth.options import option
from limpet.errors import AuthenticationFailed, OptionError
from limpet.records import dataclass

_MAX_USERNAME = 256


@dataclass(frozen=True, slots=True)
class Options:
    """Which program."""

    command: str = option("the program and its arguments, as in a shell, but no shell runs it")
    timeout: float = option(
        "seconds after which the program is killed and the login refused", default=10.0, bounds=(0.1, 60.0)
    )


class ExecModule(BaseModule[Options]):
    """Asks a program."""

    options_type: ClassVar[type[Options]] = Options
    proof: ClassVar[bool] = False
    """it sees where a client comes from, not what the client knows"""

    @staticmethod
    def check(options: Options, _listener_kind: str, env: ModuleEnv, /) -> None:
        """The command must parse and its program exist."""
        words = _words(options.command)
        if not words:
            raise OptionError("authentication module 'exec': the quotes of option 'command' do not match")
        if env.find_program(words[0]) is None:
            raise OptionError(f"authentication module 'exec': there is no program {words[0]!r} that can be run")

    async def verify(self, _attempt: Attempt | None, /) -> None:
        words = _words(self.options.command)
        program = self.env.find_program(words[0]) if words else None
        if program is None:
            raise ModuleFailure("the program of the module 'exec' is not there")
        try:
            status = await self.env.run([program, *words[1:], *self._arguments()], self.options.timeout)
        except TimeoutError as error:
            raise ModuleFailure(
                f"{program!r} did not decide within {self.options.timeout:g} s and was killed"
            ) from error
        except OSError as error:
            raise ModuleFailure(f"cannot run {program!r}: {error.strerror or error}") from error
        if status != 0:
            raise AuthenticationFailed(f"{program!r} refused with exit status {status}")

    def _arguments(self) -> list[str]:
        name = self.username
        if len(name) > _MAX_USERNAME or not name.isprintable():
            raise AuthenticationFailed("the user name is too long, or holds characters that no name has")
        facts = self.facts
        return [
            f"kind={facts.kind}",
            f"address={facts.address}",
            f"uid={_shown(facts.uid)}",
            f"gid={_shown(facts.gid)}",
            f"pid={_shown(facts.pid)}",
            f"encrypted={_yes_no(facts.encrypted)}",
            f"certificate={_yes_no(facts.verified_certificate)}",
            f"loopback={_yes_no(facts.loopback)}",
            f"socket={facts.socket_path}",
            f"username={name}",
        ]


def _words(command: str) -> list[str]:
    """The words of the command; empty if its quotes do not match."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _shown(number: int | None) -> str:
    return "" if number is None else str(number)


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
