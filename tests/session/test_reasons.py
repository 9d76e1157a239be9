"""What a server's goodbye means."""

from __future__ import annotations

import pytest

from limpet.errors import (
    AccessDenied,
    AuthenticationFailed,
    ConnectionClosed,
    DisconnectReason,
    EncryptionRequired,
    ExitCode,
    HandshakeError,
    LimpetError,
    VersionRefused,
)
from limpet.session.reasons import ORDERLY, error_for

MEANING: dict[str, tuple[type[LimpetError] | None, ExitCode]] = {
    "server shutdown": (None, ExitCode.OK),
    "server exit": (None, ExitCode.OK),
    "server upgrade": (None, ExitCode.OK),
    "new client": (None, ExitCode.OK),
    "detach request": (None, ExitCode.OK),
    "client request": (None, ExitCode.OK),
    "done": (None, ExitCode.OK),
    "idle timeout": (None, ExitCode.OK),
    "a text of somebody": (None, ExitCode.OK),
    "server error": (ConnectionClosed, ExitCode.REMOTE_ERROR),
    "connection error": (ConnectionClosed, ExitCode.REMOTE_ERROR),
    "protocol error": (ConnectionClosed, ExitCode.REMOTE_ERROR),
    "control command error": (ConnectionClosed, ExitCode.REMOTE_ERROR),
    "session not found error": (ConnectionClosed, ExitCode.REMOTE_ERROR),
    "login timeout": (ConnectionClosed, ExitCode.TIMEOUT),
    "client ping timeout": (ConnectionClosed, ExitCode.TIMEOUT),
    "client exit timeout": (ConnectionClosed, ExitCode.TIMEOUT),
    "session busy": (ConnectionClosed, ExitCode.SESSION_BUSY),
    "authentication failed": (AuthenticationFailed, ExitCode.AUTHENTICATION_FAILED),
    "authentication error": (AuthenticationFailed, ExitCode.AUTHENTICATION_FAILED),
    "invalid username 'joe'": (AuthenticationFailed, ExitCode.AUTHENTICATION_FAILED),
    "missing remote username": (AuthenticationFailed, ExitCode.AUTHENTICATION_FAILED),
    "cannot proceed without 'xor' digest support": (AuthenticationFailed, ExitCode.AUTHENTICATION_FAILED),
    "insecure salt digest": (AuthenticationFailed, ExitCode.AUTHENTICATION_FAILED),
    "permission error": (AccessDenied, ExitCode.AUTHENTICATION_FAILED),
    "version error": (VersionRefused, ExitCode.INCOMPATIBLE_VERSION),
    "missing encryption tokens": (EncryptionRequired, ExitCode.SERVER_REQUIRES_ENCRYPTION),
    "missing encryption tokens from client": (EncryptionRequired, ExitCode.SERVER_REQUIRES_ENCRYPTION),
    "encryption key is missing": (EncryptionRequired, ExitCode.SERVER_REFUSES_ENCRYPTION),
    "the server does not support encryption on this connection": (
        EncryptionRequired,
        ExitCode.SERVER_REFUSES_ENCRYPTION,
    ),
    "unsupported cipher": (EncryptionRequired, ExitCode.SERVER_REFUSES_ENCRYPTION),
    "unsupported padding: x": (EncryptionRequired, ExitCode.ENCRYPTION),
    "unsupported encryption parameters": (EncryptionRequired, ExitCode.ENCRYPTION),
    # xpra 6.2.5, with this very gap missing
    "the server is configured for AES-CTRnot AES-CBC as requested by the client": (
        EncryptionRequired,
        ExitCode.ENCRYPTION,
    ),
    "invalid protocol for this port": (HandshakeError, ExitCode.CONNECTION_FAILED),
}


def test_a_port_for_ssl_only_names_that_as_the_way_in() -> None:
    error = error_for("missing encryption tokens from client", "this port requires SSL/TLS")
    assert isinstance(error, EncryptionRequired)
    assert "ssl://" in error.hint
    assert "AES" not in error.hint


@pytest.mark.parametrize("reason", MEANING)
def test_each_reason_of_stock_servers_has_its_meaning(reason: str) -> None:
    kind, code = MEANING[reason]
    error = error_for(reason)
    if kind is None:
        assert error is None
        return
    assert type(error) is kind
    assert error.exit_code is code
    assert reason in str(error)


@pytest.mark.parametrize("reason", DisconnectReason)
def test_each_reason_of_our_own_has_a_meaning_or_is_in_order(reason: DisconnectReason) -> None:
    orderly = reason.value in ORDERLY or reason is DisconnectReason.CLIENT_EXIT
    assert (error_for(reason.value) is None) == orderly


def test_what_the_server_adds_is_shown_once() -> None:
    assert "server error: out of memory" in str(error_for("server error", "out of memory"))
    assert str(error_for("server error", "server error")).count("server error") == 1


def test_what_a_user_can_do_is_said() -> None:
    for reason, hint in (
        ("missing encryption tokens", "--encryption=AES"),
        ("encryption key is missing", "--tcp-encryption=AES"),
        ("unsupported encryption parameters", "AES-CTR"),
        ("the server is configured for AES-CTR", "AES-CTR"),
        ("invalid protocol for this port", "ssl:HOST:PORT"),
    ):
        error = error_for(reason)
        assert error is not None
        assert hint in error.hint
