"""The client's answer to a challenge (docs/protocol: authentication, 5.2 to 5.5), and what it refuses to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from limpet.auth.challenge import Offer
from limpet.auth.digest import (
    CLIENT_DIGESTS,
    CLIENT_SALT_SIZE,
    MAX_SERVER_SALT,
    MIN_SERVER_SALT,
    XOR,
    combine_salts,
    gendigest,
    latin1_spelling,
    refusal,
)
from limpet.auth.sources import PasswordRequest, PasswordSources
from limpet.errors import AccessDenied
from limpet.limits import HANDSHAKE
from limpet.records import dataclass

_PADDED_SIZE = 512
_MIN_PADDING = 32


@dataclass(frozen=True, slots=True)
class TransportFacts:
    """What decides whether a password may be sent in a form that gives it away."""

    encrypted: bool
    """inside TLS, or AES is on towards the server"""
    local: bool
    """a unix socket; TCP on the loopback is not: any user of the machine may have taken the server's port"""

    @property
    def private(self) -> bool:
        return self.encrypted or self.local


@dataclass(frozen=True, slots=True)
class ChallengeAnswer:
    """What the next hello adds."""

    response: bytes = field(repr=False)
    client_salt: bytes = field(repr=False)
    padding: bytes = field(repr=False)
    """random bytes that hide the length of the response; the server ignores them"""

    def capabilities(self) -> dict[str, bytes]:
        """The keys of the hello."""
        return {
            "challenge_response": self.response,
            "challenge_client_salt": self.client_salt,
            "challenge_padding": self.padding,
        }


def offered_digests(transport: TransportFacts) -> tuple[str, ...]:
    """The `digest` capability: HMACs, best first; xor, which gives the password away, only where nobody reads along."""
    return (*CLIENT_DIGESTS, XOR) if transport.private else CLIENT_DIGESTS


def offered_salt_digests() -> tuple[str, ...]:
    """The `salt-digest` capability."""
    return CLIENT_DIGESTS


class ChallengeAnswerer:
    """Answers the challenges of one login. `entropy(n)`: n random bytes; `server` and `username` are for prompts."""

    def __init__(
        self, sources: PasswordSources, *, entropy: Callable[[int], bytes], server: str, username: str = ""
    ) -> None:
        self._sources = sources
        self._entropy = entropy
        self._server = server
        self._username = username
        self._challenges = 0

    @property
    def failure_hint(self) -> str:
        """What to tell the user when the server says that authentication failed; empty if nothing is known."""
        return self._sources.failure_hint

    async def answer(
        self, challenge: Offer, transport: TransportFacts, *, legacy_peer: bool = False
    ) -> ChallengeAnswer:
        """The answer, made with the next password of the sources.

        `legacy_peer`: the challenge came in legacy rencode. Such a server (3.1.3) takes a password file as it stands,
        all later ones spell passwords in Latin-1 where they can; limpet's server takes both.
        Raises AccessDenied for a challenge that must not be answered, before any password is asked for;
        PasswordRequired when there is no password; ConfigError for a source that cannot be used.
        """
        self._challenges += 1
        if self._challenges > HANDSHAKE.max_challenges:
            raise AccessDenied(f"the server sent more than {HANDSHAKE.max_challenges} challenges")
        check_challenge(challenge, transport)
        request = PasswordRequest(self._server, self._username, challenge.prompt, self._challenges)
        password = await self._sources.take(request)
        client_salt = self._entropy(CLIENT_SALT_SIZE)
        combined = combine_salts(challenge.salt_digest, client_salt, challenge.server_salt)
        secret = password.secret.reveal()
        if not (legacy_peer and password.from_file):
            secret = latin1_spelling(secret)
        response = gendigest(challenge.digest, secret, combined)
        padding = self._entropy(max(_MIN_PADDING, _PADDED_SIZE - len(response)))
        return ChallengeAnswer(response, client_salt, padding)


def check_challenge(challenge: Offer, transport: TransportFacts) -> None:
    """Raise AccessDenied for a challenge that a careful client does not answer: weak or unknown digests, a salt that
    is too short or too long, and xor where others could read the password.
    """
    size = len(challenge.server_salt)
    if not MIN_SERVER_SALT <= size <= MAX_SERVER_SALT:
        raise AccessDenied(f"the server's salt has {size} bytes, it must have {MIN_SERVER_SALT} to {MAX_SERVER_SALT}")
    if challenge.salt_digest not in CLIENT_DIGESTS:
        raise AccessDenied(f"the server's salt {refusal(challenge.salt_digest)}")
    if challenge.digest == XOR:
        if not transport.private:
            raise AccessDenied(
                "cannot send password over unencrypted connection",
                hint="the server wants it in clear (digest xor): connect with ssl:// or --encryption=AES",
            )
    elif challenge.digest not in CLIENT_DIGESTS:
        raise AccessDenied(
            f"the server's {refusal(challenge.digest)}",
            hint="configure the server with a module that takes HMAC, such as file or multifile",
        )
