"""Every size, count, depth and time limit, in one place. Sizes in bytes, times in seconds."""

from __future__ import annotations

from limpet.records import dataclass

KIB = 1024
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a serializer accepts in one payload."""

    max_depth: int = 32
    """dicts and lists within each other"""
    max_digits: int = 64
    """of an integer written in digits"""
    max_objects: int = 200_000
    """values in all, the parts of lists and dicts counted"""
    max_integer_keys: int = 1_024
    """in one dict: a peer can choose colliding ones (monitors, key codes and window ids are far fewer)"""


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What the record reader accepts."""

    max_record: int
    """payload length as announced in the header, per record"""
    max_inflated: int
    """sum of the inflated sizes of the records of one packet"""
    max_packet: int
    """sum of the payload lengths of the records of one packet"""
    max_chunks: int = 3
    """raw chunks that may precede a main record (docs/protocol: raw chunks)"""
    decode: DecodeLimits = DecodeLimits()


BEFORE_HELLO = WireLimits(max_record=256 * KIB, max_inflated=1 * MIB, max_packet=256 * KIB)
AFTER_HELLO = WireLimits(max_record=16 * MIB, max_inflated=64 * MIB, max_packet=16 * MIB)
ABSOLUTE_MAX_RECORD = 256 * MIB


def client_limits(desktop_width: int, desktop_height: int) -> WireLimits:
    """Limits of a client after hello: a whole desktop of pixels plus 1 MiB, never over 256 MiB."""
    wanted = min(max(AFTER_HELLO.max_record, desktop_width * desktop_height * 4 + MIB), ABSOLUTE_MAX_RECORD)
    return WireLimits(max_record=wanted, max_inflated=max(AFTER_HELLO.max_inflated, wanted), max_packet=wanted)


@dataclass(frozen=True, slots=True)
class HandshakeLimits:
    """Times and costs before a login is complete."""

    tls_s: float = 10.0
    """the TLS handshake"""
    first_hello_s: float = 30.0
    """up to the first hello; on a client, up to the answer (`--timeout`)"""
    challenge_s: float = 120.0
    """up to the response to a challenge"""
    verdict_s: float = 100.0
    """how long a client waits for the answer to its credential: after failed logins a right one is delayed by up to
    60 s, and a module may take 30 s"""
    total_s: float = 300.0
    """the whole login"""
    ping_timeout_s: float = 60.0
    """a peer that answers no ping for so long is lost"""
    close_s: float = 1.0
    """how long a connection stays after our `disconnect`, for the peer to read it"""
    answered_s: float = 5.0
    """how long a connection stays after the answer to a request, for the client to close it"""
    max_challenges: int = 8
    """of one login"""
    min_iterations: int = 1_000
    """of PBKDF2"""
    max_iterations: int = 100_000
    """that a server which has proved its key may ask for"""
    max_iterations_unauthenticated: int = 10_000
    """that anybody may ask for"""
    min_salt: int = 8
    """bytes of a key salt"""
    max_salt: int = 1_024
    """bytes of a key salt"""
    key_sizes: tuple[int, ...] = (16, 24, 32)
    """bytes of an AES key"""


HANDSHAKE = HandshakeLimits()


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Memory and time of one byte stream."""

    read_buffer: int = 256 * KIB
    """largest single read; a stream starts with a small buffer and grows to this"""
    first_read_buffer: int = 16 * KIB
    """the small buffer"""
    high_water: int = 1 * MIB
    """unsent bytes at which the owner is told to stop writing"""
    low_water: int = 256 * KIB
    """unsent bytes at which the owner may write again"""
    max_unsent: int = 64 * MIB
    """unsent bytes at which the peer counts as dead and the connection is aborted"""
    max_close_s: float = 30.0
    """longest time that a close may take while the peer still takes bytes"""


STREAM = StreamLimits()


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """What strangers may hold of a listener before they have logged in."""

    backlog: int = 128
    """connections that the kernel holds until they are accepted"""
    unauthenticated: int = 256
    """connections not yet logged in, over all listeners"""
    per_source: int = 32
    """of these, from one IPv4 /24 or IPv6 /64"""
    first_bytes_s: float = 10.0
    """time for the first bytes, on the socket and again inside TLS"""


LISTENER = ListenerLimits()


@dataclass(frozen=True, slots=True)
class OffloadLimits:
    """Work that leaves the event loop on a stranger's account."""

    threads: int = 2
    """derivations at once"""
    waiting: int = 64
    """derivations that wait; more are refused"""


OFFLOAD = OffloadLimits()
