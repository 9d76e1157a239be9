"""Command lines lose their secrets, and nothing else."""

from __future__ import annotations

import pytest

from limpet.config.redact import redacted, secrets_in

LINES = [
    (["attach", "tcp://user:s3cret@host:1/"], ["attach", "tcp://user:***@host:1/"]),
    (["attach", "tcp:user:s3cret@host:1"], ["attach", "tcp:user:***@host:1"]),
    (["attach", "tcp://host/?password=s3cret&timeout=1"], ["attach", "tcp://host/?password=***&timeout=1"]),
    (["attach", "tcp://host/?keydata=0x3031"], ["attach", "tcp://host/?keydata=***"]),
    (["attach", "--ssl-key-password=s3cret"], ["attach", "--ssl-key-password=***"]),
    (["attach", "--ssl-key-password", "s3cret", ":1"], ["attach", "--ssl-key-password", "***", ":1"]),
    (["start", "--bind-tcp=:1,keydata=0x30,keyfile=f"], ["start", "--bind-tcp=:1,keydata=***,keyfile=f"]),
    (["start", "--tcp-auth=password:value=s3cret"], ["start", "--tcp-auth=password:value=***"]),
    (["start", "--bind-tcp=:1,auth=password(value=s3cret)"], ["start", "--bind-tcp=:1,auth=password(value=***)"]),
    (["attach", "tcp/user:s3cret@host:1"], ["attach", "tcp/user:***@host:1"]),
    (["start", '--tcp-auth=password(value="s3,cr et")'], ["start", "--tcp-auth=password(value=***)"]),
    (["start", "--tcp-auth=password:value='s3,cret',prompt=p"], ["start", "--tcp-auth=password:value=***,prompt=p"]),
    (["start", "--start=xterm -e top", "--bind-tcp=*:1"], ["start", "--start=xterm -e top", "--bind-tcp=*:1"]),
    (["attach", "ssl://user@host:1/"], ["attach", "ssl://user@host:1/"]),
]


@pytest.mark.parametrize(("words", "expected"), LINES)
def test_secrets_are_replaced(words: list[str], expected: list[str]) -> None:
    assert list(redacted(words)) == expected


def test_the_secrets_are_found() -> None:
    assert secrets_in(["attach", "tcp://u:one@h/?keydata=two", "--ssl-key-password=three"]) == ("two", "one", "three")
    assert secrets_in(["list"]) == ()
