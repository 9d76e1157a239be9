"""The chain of modules that one login passes, as a state machine without IO (docs/protocol: authentication, 5.1, 5.7).

The owner calls `next_step` and does what it says until it says `Accepted`:

    Offer     send it as a `challenge`, wait for the next hello, call `respond` with what it holds
    Check     await `check.authenticator.verify(check.attempt)`, then call `passed`
    Accepted  the login is complete

Any AuthenticationFailed on the way, whether raised here or by a module, ends the login; the chain refuses to go on.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TypeAlias

from limpet.auth.digest import (
    MAX_CLIENT_SALT,
    MIN_CLIENT_SALT,
    SERVER_SALT_SIZE,
    choose_digest,
    choose_salt_digest,
)
from limpet.auth.module import Attempt, Authenticator
from limpet.errors import AuthenticationFailed, LocalProtocolError
from limpet.limits import HANDSHAKE
from limpet.records import dataclass

DEFAULT_PROMPT = "password"

_MAX_RESPONSE = 16 * 1024
"""bytes; longer than any password or token, so that no module meets a megabyte"""


@dataclass(frozen=True, slots=True)
class Offer:
    """The fields of a `challenge` packet, the cipher aside."""

    server_salt: bytes = field(repr=False)
    digest: str
    salt_digest: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Check:
    """A module has to decide; `attempt` is None for modules that ask the client nothing."""

    authenticator: Authenticator
    attempt: Attempt | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """All modules have passed."""


Step: TypeAlias = Offer | Check | Accepted


class _State(enum.Enum):
    READY = enum.auto()
    OFFERED = enum.auto()
    CHECKING = enum.auto()
    ACCEPTED = enum.auto()
    FAILED = enum.auto()


class ChallengeChain:
    """One login. `authenticators` are passed in their order; none of them lets everybody in.

    `client_digests`, `client_salt_digests`: the client's lists; a hello without them means an ancient client, which
    only knows what is refused: pass empty lists then.
    `private`: TLS, AES or a unix socket.
    `wants_challenge`: the client said `challenge: True`, and goes on only after a challenge (5.1). If no module has
    one, it gets a fake one whose answer is ignored.
    """

    def __init__(
        self,
        authenticators: Sequence[Authenticator],
        *,
        client_digests: Iterable[str],
        client_salt_digests: Iterable[str],
        private: bool,
        wants_challenge: bool,
    ) -> None:
        self._authenticators = tuple(authenticators)
        self._digests = tuple(client_digests)
        self._salt_digests = tuple(client_salt_digests)
        self._private = private
        self._index = 0
        self._state = _State.READY
        self._offer: Offer | None = None
        self._attempt: Attempt | None = None
        asking = sum(module.needs_challenge for module in self._authenticators)
        if asking > HANDSHAKE.max_challenges:
            raise LocalProtocolError(f"{asking} modules with a challenge, at most {HANDSHAKE.max_challenges} work")
        self._fake_due = wants_challenge and asking == 0

    @property
    def user(self) -> str:
        """The user name that decides in the first module that has one, else empty: what the guess limit counts by.

        A name that no module looks at must not give a guesser a fresh count.
        """
        return next((module.user for module in self._authenticators if module.user), "")

    @property
    def waiting(self) -> bool:
        """Whether a challenge is out and its answer is not in."""
        return self._state is _State.OFFERED

    def next_step(self, entropy: bytes) -> Step:
        """What to do next; `entropy` is 64 fresh random bytes, which become the server's salt of a challenge.

        Raises AuthenticationFailed when the client has no digest that the next module can take.
        """
        self._expect(_State.READY)
        if self._index == len(self._authenticators):
            if self._fake_due:
                self._fake_due = False
                return self._make_offer(entropy, needs_clear=False, prompt=DEFAULT_PROMPT)
            self._state = _State.ACCEPTED
            return Accepted()
        authenticator = self._authenticators[self._index]
        if authenticator.needs_challenge and self._attempt is None:
            return self._make_offer(entropy, needs_clear=authenticator.needs_clear, prompt=authenticator.prompt)
        self._state = _State.CHECKING
        attempt, self._attempt = self._attempt, None
        return Check(authenticator, attempt)

    def respond(self, response: bytes, client_salt: bytes, username: str) -> None:
        """Take the answer to the challenge that is out; the challenge and its salt are used up by it.

        `response` is empty when the hello held none, `username` is the client's claim.
        Raises AuthenticationFailed for a missing or oversized response, a client salt that is missing, too short, too
        long or our own, and for a response that no challenge asked for.
        """
        offer, self._offer = self._offer, None
        if self._state is not _State.OFFERED or offer is None:
            self._state = _State.FAILED
            raise AuthenticationFailed("a response without a challenge")
        if self._index == len(self._authenticators):
            # the fake challenge: there is nothing to compare with
            self._state = _State.READY
            return
        self._state = _State.FAILED
        if not response:
            raise AuthenticationFailed("the client did not answer the challenge")
        if len(response) > _MAX_RESPONSE:
            raise AuthenticationFailed(f"a response of {len(response)} bytes is too long")
        if not MIN_CLIENT_SALT <= len(client_salt) <= MAX_CLIENT_SALT:
            raise AuthenticationFailed(
                f"a client salt of {len(client_salt)} bytes, it must have {MIN_CLIENT_SALT} to {MAX_CLIENT_SALT}"
            )
        if client_salt == offer.server_salt:
            raise AuthenticationFailed("the client sent our own salt back")
        self._attempt = Attempt(
            username=username,
            response=response,
            client_salt=client_salt,
            server_salt=offer.server_salt,
            digest=offer.digest,
            salt_digest=offer.salt_digest,
        )
        self._state = _State.READY

    def passed(self) -> None:
        """The module of the last `Check` returned without an error."""
        self._expect(_State.CHECKING)
        self._index += 1
        self._state = _State.READY

    def failed(self) -> None:
        """The login is over; every later call raises. Safe to call in any state."""
        self._state = _State.FAILED
        self._offer = self._attempt = None

    def _expect(self, state: _State) -> None:
        if self._state is not state:
            raise LocalProtocolError(f"login is {self._state.name.lower()}, not {state.name.lower()}")

    def _make_offer(self, entropy: bytes, *, needs_clear: bool, prompt: str) -> Offer:
        if len(entropy) != SERVER_SALT_SIZE:
            raise LocalProtocolError(f"{len(entropy)} bytes of entropy, a challenge takes {SERVER_SALT_SIZE}")
        self._state = _State.FAILED
        self._offer = Offer(
            server_salt=entropy,
            digest=choose_digest(self._digests, needs_clear, self._private),
            salt_digest=choose_salt_digest(self._salt_digests),
            prompt=prompt or DEFAULT_PROMPT,
        )
        self._state = _State.OFFERED
        return self._offer
