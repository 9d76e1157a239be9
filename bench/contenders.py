"""Who is measured: limpet and the stock versions that are there; their servers, the same way for all of them."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import noise
from bench.model import CONTENDERS, LIMPET
from tests.support import pattern, pki
from tests.support.processes import Running, end_left_running, environment
from tests.support.rig import Limpet, Maker, maker
from tests.support.screen import Screen, screen
from tools import peers

PROTECTIONS = ("tcp", "aes", "tls")
KEY = "0123456789abcdef-limpet"
PATTERN_TITLE = "limpet-bench-pattern"
NO_AES = frozenset({"6.5.5"})
"""its AES is never switched on (docs/protocol: broken peers)"""


def available(only: Sequence[str] | None) -> tuple[str, ...]:
    """The contenders that can be measured here, limpet first."""
    wanted = only or CONTENDERS
    unknown = set(wanted) - set(CONTENDERS)
    if unknown:
        raise SystemExit(
            f"bench: there is no contender {', '.join(sorted(unknown))}; there are {', '.join(CONTENDERS)}"
        )
    return tuple(name for name in CONTENDERS if name in wanted and (name == LIMPET or peers.PEERS[name].is_ready()))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one contender serves with one protection."""

    contender: str
    protection: str
    port: int
    server: Running

    @property
    def legacy(self) -> bool:
        """Whether it wants legacy rencode in the first hello."""
        return self.contender == "3.1.3"

    @property
    def target(self) -> str:
        return f"{'ssl' if self.protection == 'tls' else 'tcp'}://127.0.0.1:{self.port}/"

    def client_options(self) -> tuple[str, ...]:
        """What a client of any contender needs beside the target."""
        if self.protection == "aes":
            return ("--tcp-encryption=AES", "--tcp-encryption-keyfile=./key.txt")
        if self.protection == "tls":
            return ("--ssl-ca-certs=./ca.crt", *(("--ssl-check-hostname=no",) if self.contender == "6.5.5" else ()))
        return ()


class Installed(Limpet):
    """The checkout under the script that an installer writes for it: users do not type `python -m`."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "limpet"
        self._script.write_text(
            f"#!{sys.executable}\nimport sys\nfrom limpet.cli.main import run_program\n\nsys.exit(run_program())\n"
        )
        self._script.chmod(0o700)

    def command(self, *words: str) -> tuple[str, ...]:
        return (str(self._script), *words)

    def start(self, options: Sequence[str]) -> tuple[str, ...]:
        return self.command("start", "--daemon=no", *options)

    def attach(self, target: str, options: Sequence[str]) -> tuple[str, ...]:
        return self.command("attach", target, *options)


class World:
    """A folder with keys and certificates, a display for clients, and the programs that run in it."""

    def __init__(self, folder: Path, screen: Screen) -> None:
        self.folder = folder
        self.screen = screen
        self._count = 0
        self._limpet = Installed(folder)

    def maker(self, contender: str) -> Maker:
        return self._limpet if contender == LIMPET else maker(contender)

    def run(self, name: str, command: Sequence[str], **extra: str) -> Running:
        self._count += 1
        return Running(f"{self._count}-{name}", command, environment(self.folder, **extra), self.folder)

    def serve(self, contender: str, *protections: str, start: Sequence[str]) -> dict[str, Endpoint]:
        """Start one server with an endpoint for each of `protections`, and wait until it is ready.

        AES is an option of all TCP listeners of 3.1.3, so it gets a server of its own everywhere.
        """
        assert "aes" not in protections or protections == ("aes",)
        ports = {protection: peers.free_port() for protection in protections}
        options = [f"--start={command}" for command in start]
        for protection, port in ports.items():
            if protection == "tls":
                options += [f"--bind-ssl=127.0.0.1:{port}", "--ssl-cert=./server.crt", "--ssl-key=./server.key"]
            else:
                options.append(f"--bind-tcp=127.0.0.1:{port}")
            if protection == "aes":
                options += ["--tcp-encryption=AES", "--tcp-encryption-keyfile=./key.txt"]
        of = self.maker(contender)
        server = self.run(f"server-{contender}", of.start(options))
        server.says(of.ready)
        return {
            protection: Endpoint(contender=contender, protection=protection, port=port, server=server)
            for protection, port in ports.items()
        }

    def serve_all(
        self, contenders: Sequence[str], protections: Sequence[str], start: Sequence[str]
    ) -> dict[tuple[str, str], Endpoint]:
        """Every contender with every protection that it has."""
        found: dict[tuple[str, str], Endpoint] = {}
        groups = [tuple(each for each in protections if each != "aes")]
        groups += [("aes",)] if "aes" in protections else []
        for contender in contenders:
            for group in groups:
                if group and not (group == ("aes",) and contender in NO_AES):
                    made = self.serve(contender, *group, start=start)
                    found |= {(contender, protection): endpoint for protection, endpoint in made.items()}
        return found

    def pattern(self) -> str:
        """A small window whose every pixel is known."""
        keys = self.folder / "keys.txt"
        return shlex.join([sys.executable, pattern.__file__, "--title", PATTERN_TITLE, "--keys", str(keys)])

    def noise(self, pid_file: Path) -> str:
        """A large window of incompressible pixels that change while the process is not stopped."""
        return shlex.join([sys.executable, noise.__file__, "--pid-file", str(pid_file)])


@contextmanager
def world() -> Iterator[World]:
    """Everything that was started in it is ended with it."""
    with tempfile.TemporaryDirectory(prefix="limpet-bench-") as name:
        folder = Path(name)
        (folder / "key.txt").write_text(KEY)
        authority = pki.make_authority()
        authority.write(folder, "ca")
        authority.issue().write(folder, "server")
        try:
            with screen(folder) as found:
                yield World(folder, found)
        finally:
            end_left_running(folder)
