"""Who sets which AES key when, one object for each role (docs/protocol: AES, order of events).

    client                                    server
    hello, clear, with C1                     encryptor := C1, decryptor := S1
    challenge with S1, encrypted with C1      (0 to n times)
    encryptor := S1; hello with C2            encryptor := C2, decryptor := S2
    hello with S1 or S2, encrypted            encryptor := the client's
    encryptor := S1 or S2

The keys themselves take milliseconds: each step is an order (`KeysNeeded`) and a call with what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from limpet.errors import DisconnectReason, EncryptionRequired, LocalProtocolError, PacketError
from limpet.packets.capabilities import EncryptionCaps
from limpet.packets.dialect import Dialect
from limpet.packets.schema import Phase
from limpet.session import encryption
from limpet.session.encryption import AesPolicy, EncryptionRefused, Entropy, Strength
from limpet.session.events import KeysNeeded
from limpet.session.link import Link
from limpet.values import Secret
from limpet.wire.cipher import ProbingDecryptor
from limpet.wire.stream import RawPacket


class KeyOrders:
    """Numbers the orders, so that an answer to an older one is noticed."""

    def __init__(self) -> None:
        self._last = 0

    def order(self, *caps: EncryptionCaps) -> KeysNeeded:
        self._last += 1
        return KeysNeeded(token=self._last, requests=tuple(encryption.key_request(each) for each in caps))

    def is_last(self, token: int) -> bool:
        return token == self._last


class KeyProof:
    """Whether a client has shown that it holds the AES key which its listener demands.

    Its first hello is in clear, so anybody can send one, or one that was overheard. Only records that decrypt with a
    key of ours show anything. A known packet is asked for: under CTR every byte decrypts to something, and a record of
    two random bytes is often enough a list of one.
    """

    def __init__(self, policy: AesPolicy | None, link: Link) -> None:
        self.outstanding = policy is not None and policy.required
        self._link = link

    def brought_by(self, raw: RawPacket, phase: Phase) -> bool:
        """Whether this is the packet that shows it: a goodbye too, which is all that xpra's `detach` says."""
        if not self.outstanding or not raw.encrypted:
            return False
        try:
            packet = self._link.decode(raw, phase)
        except PacketError:
            return False
        self.outstanding = packet is None
        return not self.outstanding


class ServerAes:
    """The server's side. `policy` is None on a listener without AES."""

    def __init__(self, policy: AesPolicy | None, link: Link, entropy: Entropy, *, max_iterations: int) -> None:
        self._policy = policy
        self._link = link
        self._entropy = entropy
        self._max_iterations = max_iterations
        self._theirs: EncryptionCaps | None = None
        self._ours: EncryptionCaps | None = None
        self._deriving = False
        self.orders = KeyOrders()

    @property
    def ours(self) -> EncryptionCaps | None:
        """What our next hello or challenge announces; None while AES is off."""
        return self._ours if self._link.encrypted_out else None

    @property
    def cipher(self) -> str:
        """`AES-CBC`, `AES-CTR`, or empty while AES is off."""
        return f"AES-{self._ours.mode}" if self._ours is not None and self._link.encrypted_out else ""

    @property
    def speechless(self) -> bool:
        """The client reads with keys that we do not have yet: nothing that we send would decrypt."""
        return self._deriving and self._link.encrypted_out

    def offered(self, theirs: EncryptionCaps | None) -> KeysNeeded | None:
        """Take what a hello says of AES; None when there is nothing to derive.

        Raises `EncryptionRequired` when its demand and ours do not meet, `RemoteProtocolError` for impossible values.
        """
        policy = self._policy
        if theirs is None:
            if self._link.encrypted_in:
                raise EncryptionRequired("the client's next hello has no encryption capabilities")
            if policy is not None and policy.required:
                raise EncryptionRefused(
                    "the client offers no encryption and this listener demands it",
                    reason=DisconnectReason.ENCRYPTION_REQUIRED,
                )
            return None
        self._deriving = True
        if policy is None:
            raise EncryptionRefused(
                "the client asks for AES and this listener has none", reason=DisconnectReason.ENCRYPTION_UNSUPPORTED
            )
        encryption.check_caps(theirs, policy, max_iterations=self._max_iterations)
        dialect = self._link.dialect
        old_hash_only = dialect.html5 or not dialect.nested
        ours = encryption.fresh_caps(
            self._entropy,
            mode=theirs.mode,
            strength=Strength.LEGACY if old_hash_only else Strength.MODERN,
            stream=theirs.stream,
        )
        self._theirs, self._ours = theirs, ours
        return self.orders.order(theirs, ours)

    def install(self, keys: Sequence[Secret]) -> None:
        """`keys`: the one we encrypt with, the one we decrypt with."""
        if self._theirs is None or self._ours is None:
            raise LocalProtocolError("keys without encryption capabilities")
        link, block = self._link, self._link.dialect.cipher_block
        link.writer.set_encryptor(encryption.encryptor(self._theirs, keys[0], block=block, entropy=self._entropy))
        link.reader.set_decryptor(encryption.decryptor(self._ours, keys[1], block=block))
        link.encrypted_out = link.encrypted_in = True
        self._deriving = False


class ClientAes:
    """The client's side, which demands AES: whatever comes without it raises."""

    def __init__(
        self, policy: AesPolicy, link: Link, entropy: Entropy, *, strength: Strength, max_iterations: int
    ) -> None:
        self._mode = policy.mode or encryption.MODES[0]
        self._link = link
        self._entropy = entropy
        self._strength = strength
        self._max_iterations = max_iterations
        self._ours: EncryptionCaps | None = None
        self._theirs: EncryptionCaps | None = None
        self._next: EncryptionCaps | None = None
        self._next_key: Secret | None = None
        self._probe: ProbingDecryptor | None = None
        self._greeted = False
        self.orders = KeyOrders()

    @property
    def ours(self) -> EncryptionCaps:
        """What our next hello announces."""
        if self._ours is None:
            raise LocalProtocolError("no encryption capabilities of our own")
        return self._ours

    @property
    def cipher(self) -> str:
        """`AES-CBC`, `AES-CTR`, or empty while AES is not on in every direction that is used."""
        link = self._link
        return f"AES-{self._mode}" if link.encrypted_in and (link.encrypted_out or link.muted) else ""

    def begin(self) -> KeysNeeded:
        """Before the first hello, which goes out in clear; from its key on only encrypted records are taken."""
        self._ours = self._fresh()
        return self.orders.order(self._ours)

    def challenged(self, theirs: EncryptionCaps | None) -> KeysNeeded:
        """A challenge came, encrypted: order its key, and the next of ours, which `answering` puts to use."""
        self._theirs = self._checked(theirs, "a challenge without a cipher")
        self._next = self._fresh()
        return self.orders.order(self._theirs, self._next)

    def greeted(self, theirs: EncryptionCaps | None, dialect: Dialect) -> KeysNeeded:
        """The server's hello came, encrypted: order its key."""
        self._theirs = self._checked(theirs, "a hello without a cipher")
        self._greeted = True
        if self._probe is not None:
            self._probe.settle(dialect.cipher_block)
        return self.orders.order(self._theirs)

    def install(self, keys: Sequence[Secret]) -> None:
        """The keys of the last order."""
        if self._theirs is None:
            self._set_decryptor(keys[0])
            return
        block = self._block()
        encryptor = encryption.encryptor(self._theirs, keys[0], block=block, entropy=self._entropy)
        self._link.writer.set_encryptor(encryptor)
        self._link.encrypted_out = True
        self._next_key = keys[1] if self._next is not None else None

    def answering(self) -> None:
        """The next hello is about to go out: what follows it is encrypted with what it announces."""
        if self._next is None or self._next_key is None:
            raise LocalProtocolError("no challenge to answer")
        key, self._ours = self._next_key, self._next
        self._next = self._next_key = None
        self._set_decryptor(key)

    def _fresh(self) -> EncryptionCaps:
        return encryption.fresh_caps(self._entropy, mode=self._mode, strength=self._strength)

    def _checked(self, caps: EncryptionCaps | None, sent: str) -> EncryptionCaps:
        if caps is None:
            raise encryption.stays_clear(sent)
        # a server repeats the mode that it was asked for
        encryption.check_caps(caps, AesPolicy(self._mode, required=True), max_iterations=self._max_iterations)
        return caps

    def _set_decryptor(self, key: Secret) -> None:
        """How the server pads, its records tell: all that exists is tried, less what earlier ones ruled out."""
        known = self._probe.block if self._probe is not None else None
        self._probe = encryption.probing_decryptor(self.ours, key)
        if known is not None:
            self._probe.settle(known)
        self._link.reader.set_decryptor(self._probe)
        self._link.encrypted_in = True

    def _block(self) -> int:
        """Of the server's padding: as its hello says, else as its records show, else as its dialect lets expect."""
        dialect = self._link.dialect
        if self._greeted or self._probe is None:
            return dialect.cipher_block
        return self._probe.block or dialect.cipher_block
