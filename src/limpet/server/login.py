"""What a connection does between its first byte and the session: keys, modules, the guess limit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from limpet.auth.limiter import FAILURE_ANSWER_S, LoginLimiter, LoginSource
from limpet.auth.module import Attempt, Authenticator, ModuleEnv, ModuleFailure, ModuleSpec, PeerFacts
from limpet.auth.registry import build
from limpet.errors import AuthenticationFailed, ConfigError, ExitCode, LimpetError
from limpet.net.offload import Offload
from limpet.records import dataclass
from limpet.session.encryption import derive_keys
from limpet.session.events import KeyRequest
from limpet.values import Secret

log = logging.getLogger("limpet.server.login")

CHECK_BUDGET_S = 30.0
"""longer than any module's own time-out, so that theirs decides what the log says"""


@dataclass(frozen=True, slots=True)
class LoginServices:
    """What all connections of a server share."""

    env: ModuleEnv
    limiter: LoginLimiter
    offload: Offload
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Login:
    """The modules and the key material of one connection.

    `key` is the configured AES key; None with `key_from_password` means the password of the first module that can
    reveal one.
    """

    def __init__(
        self,
        services: LoginServices,
        specs: Sequence[ModuleSpec],
        facts: PeerFacts,
        *,
        key: Secret | None,
        key_from_password: bool,
    ) -> None:
        self._services = services
        self._specs = tuple(specs)
        self._facts = facts
        self._key = key
        self._key_from_password = key_from_password
        self._modules: tuple[Authenticator, ...] | None = None
        self._source: LoginSource | None = None

    def modules(self, username: str) -> tuple[Authenticator, ...]:
        """The modules at work, made once. Raises `ModuleFailure`, which refuses the login."""
        if self._modules is None:
            self._modules = tuple(build(spec, self._facts, username, self._services.env) for spec in self._specs)
        return self._modules

    async def derive(self, requests: Sequence[KeyRequest], username: str) -> tuple[Secret, ...]:
        """The keys for `KeysNeeded`. Raises `LimpetError` when there is no key material or too much work waits."""
        material = await self._material(username)
        return await self._services.offload.run(derive_keys, material, tuple(requests))

    async def _material(self, username: str) -> Secret:
        if self._key is not None:
            return self._key
        if self._key_from_password:
            for module in self.modules(username):
                revealed = await module.reveal_password()
                if revealed:
                    return revealed
        raise ConfigError(
            "no encryption key: neither a key file nor a module with a password that can stand in for one",
            hint="give --tcp-encryption-keyfile=FILE",
            exit_code=ExitCode.KEY_FILE,
        )

    async def verify(self, authenticator: Authenticator, attempt: Attempt | None, user: str) -> None:
        """Wait as the guess limit says, then let the module decide. Raises `AuthenticationFailed`.

        A right credential is delayed, never refused; a wrong one is answered no sooner than after a second.
        """
        clock, limiter, sleep = self._services.clock, self._services.limiter, self._services.sleep
        arrived = clock()
        if attempt is not None and self._source is None:
            self._source = LoginSource.of(self._facts, user)
            await sleep(limiter.delay(self._source, arrived))
        try:
            async with asyncio.timeout(CHECK_BUDGET_S):
                await authenticator.verify(attempt)
        except TimeoutError:
            await self._undecided(arrived)
            raise ModuleFailure("the authentication module did not answer in time") from None
        except ModuleFailure:
            await self._undecided(arrived)
            raise
        except AuthenticationFailed:
            now = clock()
            source = self._source or LoginSource.of(self._facts, user)
            await sleep(limiter.failed(source, now, waited=now - arrived))
            raise

    async def _undecided(self, arrived: float) -> None:
        """No guess was made; the answer takes as long as that to a wrong one, so that nobody can tell them apart."""
        now = self._services.clock()
        if self._source is not None:
            self._services.limiter.undecided(self._source, now)
        await self._services.sleep(max(0.0, FAILURE_ANSWER_S - (now - arrived)))

    def passed(self) -> None:
        """The whole login is through: the user's earlier failures are forgotten."""
        if self._source is not None:
            self._services.limiter.succeeded(self._source, self._services.clock())


def refusal(error: LimpetError) -> AuthenticationFailed:
    """Any failure of a module is a refused login."""
    return error if isinstance(error, AuthenticationFailed) else AuthenticationFailed(str(error))
