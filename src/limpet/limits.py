"""Every size, count, depth and time limit, in one place. Sizes in bytes, times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a serializer accepts in one payload."""

    max_depth: int = 32
    max_digits: int = 64
    max_objects: int = 200_000
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
    first_hello_s: float = 30.0
    challenge_s: float = 120.0
    total_s: float = 300.0
    ping_timeout_s: float = 60.0
    close_s: float = 1.0
    """how long a connection stays after our `disconnect`, for the peer to read it"""
    max_challenges: int = 8
    min_iterations: int = 1_000
    max_iterations: int = 100_000
    max_iterations_unauthenticated: int = 10_000
    min_salt: int = 8
    max_salt: int = 1_024
    key_sizes: tuple[int, ...] = (16, 24, 32)


HANDSHAKE = HandshakeLimits()
