from __future__ import annotations

from typing import Any

import pytest

from limpet.net.host_names import Match, match, names_of


def certificate(*names: tuple[str, str], common: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {"subject": ((("organizationName", "x"),), (("commonName", common),))}
    if names:
        result["subjectAltName"] = names
    return result


SAN, CN, NO = Match.ALTERNATIVE_NAME, Match.COMMON_NAME, Match.NO


@pytest.mark.parametrize(
    ("names", "common", "host", "expected"),
    [
        ([("DNS", "a.example")], "", "a.example", SAN),
        ([("DNS", "A.Example")], "", "a.eXample.", SAN),
        ([("DNS", "a.example")], "", "b.example", NO),
        ([("DNS", "a.example")], "b.example", "b.example", NO),
        ([("DNS", "xn--bcher-kva.example")], "", "bücher.example", SAN),
        ([("DNS", "*.example.org")], "", "a.example.org", SAN),
        ([("DNS", "*.example.org")], "", "a.b.example.org", NO),
        ([("DNS", "*.example.org")], "", "example.org", NO),
        ([("DNS", "*.example.org")], "", ".example.org", NO),
        ([("DNS", "*.org")], "", "example.org", NO),
        ([("DNS", "*")], "", "localhost", NO),
        ([("DNS", "a*.example.org")], "", "ab.example.org", NO),
        ([("DNS", "*.*.org")], "", "a.b.org", NO),
        ([("IP Address", "127.0.0.1")], "", "127.0.0.1", SAN),
        ([("IP Address", "0:0:0:0:0:0:0:1\n")], "", "::1", SAN),
        ([("IP Address", "2001:DB8:0:0:0:0:0:1")], "", "2001:db8::1", SAN),
        ([("DNS", "127.0.0.1")], "", "127.0.0.1", NO),
        ([("IP Address", "127.0.0.1")], "", "127.0.0.2", NO),
        ([("email", "a@b")], "host", "host", NO),
        ([], "a.example", "a.example", CN),
        ([], "192.0.2.1", "192.0.2.1", CN),
        ([], "*.example.org", "a.example.org", CN),
        ([], "a.example", "b.example", NO),
        ([], "a.example", "192.0.2.1", NO),
        ([], "", "", NO),
        ([], "x", "a..b", NO),
    ],
)
def test_a_certificate_is_for_the_hosts_that_it_names(
    names: list[tuple[str, str]], common: str, host: str, expected: Match
) -> None:
    assert match(certificate(*names, common=common), host) is expected


def test_no_certificate_is_for_nobody() -> None:
    assert match({}, "host") is NO


def test_names_for_messages_are_the_alternatives_else_the_common_name() -> None:
    assert names_of(certificate(("DNS", "a"), ("IP Address", "::1\n"), ("URI", "x"), common="c")) == ["a", "::1"]
    assert names_of(certificate(common="c")) == ["c"]
    assert names_of({}) == []
