"""Every command line in the documentation is one that limpet takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from limpet.auth.module import parse_module
from limpet.auth.options import parse_options
from limpet.auth.registry import load
from limpet.cli.registry import find_command
from limpet.config.parser import parse_bind_keys, parse_url_keys, parse_words
from limpet.net.endpoint import parse_bind, parse_target

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in FENCE.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                match = re.match(r"(?:[A-Z_]+='[^']*' )?limpet (.*)", line)
                if match:
                    yield str(page.relative_to(ROOT)), match[1]


def modules(texts: tuple[str, ...]) -> None:
    for text in texts:
        spec = parse_module(text)
        if spec.name not in {"file", "multifile"} or spec.options:
            parse_options(load(spec.name).options_type, spec)


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_a_command_line_of_the_documentation_parses(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    command = find_command(words[0])
    parsed = parse_words(words[1:], command.name, command.scope)
    command.check_arguments(len(parsed.arguments))
    options = parsed.options
    for kind, lines in (
        ("unix", options.listen.bind),
        ("tcp", options.listen.bind_tcp),
        ("ssl", options.listen.bind_ssl),
    ):
        for text in lines:
            bind = parse_bind(kind, text)
            modules(parse_bind_keys(bind.options, bind.secrets, text).auth.auth)
    modules((*options.auth.auth, *options.auth.tcp_auth, *options.auth.ssl_auth))
    if command.usage.startswith("[TARGET]") and parsed.arguments:
        target = parse_target(parsed.arguments[0])
        parse_url_keys(target.options, target.secrets)


def test_the_pages_hold_commands() -> None:
    assert {page for page, _ in commands()} >= {"README.md", "docs/encryption.md", "docs/authentication.md"}


def test_tests_that_are_named_exist() -> None:
    defined = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
    }
    named = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))}
    assert named - defined == set()


def test_files_that_are_named_exist() -> None:
    paths = {
        path
        for page in PAGES
        for path in re.findall(r"`((?:tests|tools|docs|src|stubs|bench)/[\w./-]*\w)`", page.read_text(encoding="utf-8"))
    }
    sources = {
        f"src/limpet/{path}"
        for page in PAGES
        for path in re.findall(
            r"`((?:wire|packets|auth|session|x11|picture|net|server|client|config|cli)/[\w./]*\.py)`",
            page.read_text(encoding="utf-8"),
        )
    }
    assert sorted(path for path in paths | sources if not (ROOT / path).exists()) == []
