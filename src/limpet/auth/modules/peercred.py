"""`peercred`: the kernel tells which user is at the other end of a unix socket (SO_PEERCRED); no password.

Lets in the user that the server runs as (unless `allow-owner=no`), the users of `uid`, and the members of the groups of
`gid`. Any one of the three is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from limpet.auth.module import Attempt, ModuleEnv, ModuleFailure
from limpet.auth.modules.base import BaseModule
from limpet.auth.options import option
from limpet.errors import AuthenticationFailed, OptionError
from limpet.records import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Who may come in."""

    uid: tuple[str, ...] = option("users by name or number, separated by colons", default=())
    gid: tuple[str, ...] = option("groups by name or number, separated by colons", default=())
    allow_owner: bool = option("whether the user that the server runs as may come in", default=True)


class PeercredModule(BaseModule[Options]):
    """Lets in by user and group of the peer's process."""

    options_type: ClassVar[type[Options]] = Options

    @staticmethod
    def check(options: Options, listener_kind: str, env: ModuleEnv, /) -> None:
        """Unix sockets only, known users and groups only, and somebody must be able to come in."""
        if listener_kind != "unix":
            raise OptionError(
                f"authentication module 'peercred' cannot work on a {listener_kind!r} listener: "
                "only a unix socket tells who is at the other end",
                hint="use it with --bind=PATH,auth=peercred; for others take 'file' or 'multifile'",
            )
        if not (options.uid or options.gid or options.allow_owner):
            raise OptionError(
                "authentication module 'peercred' with allow-owner=no lets nobody in",
                hint="name users with uid=USER:USER or groups with gid=GROUP:GROUP",
            )
        for name in options.uid:
            if _number(name, env.uid_of) is None:
                raise OptionError(f"authentication module 'peercred': there is no user {name!r}")
        for name in options.gid:
            if _number(name, env.gid_of) is None:
                raise OptionError(f"authentication module 'peercred': there is no group {name!r}")

    async def verify(self, _attempt: Attempt | None, /) -> None:
        facts = self.facts
        if facts.kind != "unix" or facts.uid is None:
            raise ModuleFailure(f"the {facts.kind!r} connection does not tell the user at its other end")
        if self.options.allow_owner and facts.uid == self.env.own_uid:
            return
        if facts.uid in {_number(name, self.env.uid_of) for name in self.options.uid}:
            return
        groups = {_number(name, self.env.gid_of) for name in self.options.gid} - {None}
        if groups and (facts.gid in groups or groups & await self.env.groups_of(facts.uid)):
            return
        raise AuthenticationFailed(f"uid {facts.uid} (gid {facts.gid}) may not come in by 'peercred'")


def _number(name: str, look_up: Callable[[str], int | None]) -> int | None:
    return int(name) if name.isascii() and name.isdigit() and len(name) <= 10 else look_up(name)
