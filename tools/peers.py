#!/usr/bin/python3
"""Install or build the stock xpra peers that the interop tests talk to.

Each peer is made once, in ``${XDG_CACHE_HOME:-~/.cache}/limpet/peers/VERSION``:

``run-xpra``
    executable; runs that version with the given arguments, its own configuration and no splash screen.
``ready``
    written last, with a fingerprint of how the peer was made; a folder without it, or made otherwise, is made anew.
``log/``
    the output of each build step.

``tools/peers.py [VERSION...]`` makes what is missing (all versions when none is named), ``--list`` shows what is
there, ``--check`` attaches a client to a server of the same version over plain TCP and looks for the window.

Runs on Debian's own Python with the standard library only, since it comes before any environment.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

TOOLS = Path(__file__).resolve().parent
REQUIREMENTS = TOOLS / "peers-requirements.txt"
SYSTEM_PATH = "/usr/bin:/bin"
SYSTEM_PYTHON = "/usr/bin/python3"

DEBIAN_PEER = (
    "xpra",
    "python3-rencode",
    "python3-lz4",
    "python3-cryptography",
    "python3-pil",
    "xauth",
    "xvfb",
    "xterm",
    "xdotool",
)
BUILD = (
    "python3-dev python3-venv python3-gi python3-gi-cairo python-gi-dev python3-cairo python3-cairo-dev python3-dbus "
    "libx11-dev libxext-dev libxdamage-dev libxfixes-dev libxcomposite-dev libxrandr-dev libxtst-dev libxkbfile-dev "
    "libxres-dev libxi-dev libxcursor-dev libgtk-3-dev libcairo2-dev libxxhash-dev liblz4-dev libturbojpeg0-dev "
    "libwebp-dev libvpx-dev libx264-dev libyuv-dev libspng-dev libdrm-dev libbrotli-dev libpam0g-dev libsystemd-dev "
    "libqrencode-dev libavif-dev pkg-config gir1.2-gtk-3.0 libxpresent-dev gcc g++ make python3-xdg python3-netifaces "
    "python3-paramiko python3-openssl python3-pil xauth xvfb xterm xdotool"
).split()
WITHOUT = ("docs", "tests", "nvenc", "nvjpeg_encoder", "nvjpeg_decoder", "pandoc_lua", "printing")

WRAPPER = f"""#!/bin/sh
# Written by limpet's tools/peers.py. Helpers of xpra start `python3`, which must be Debian's.
PATH={SYSTEM_PATH}
export PATH
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
here=$(dirname "$(readlink -f "$0")")
export XPRA_SPLASH=0
"""

QUIET_SERVER = (
    "--daemon=no --mdns=no --pulseaudio=no --notifications=no --printing=no --webcam=no --systemd-run=no"
).split()
QUIET_CLIENT = (
    "--opengl=no --notifications=no --webcam=no --printing=no --speaker=off --microphone=off --tray=no --mmap=no"
).split()


class PeerError(Exception):
    """A peer cannot be made or does not work; the text says what to do."""


@dataclass(frozen=True)
class Peer:
    """One stock version; `sha256` of its source archive, or empty for the one that Debian packages."""

    version: str
    debian: tuple[str, ...]
    sha256: str = ""
    without: tuple[str, ...] = ()
    server_options: tuple[str, ...] = ()
    client_options: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return cache_folder() / self.version

    @property
    def fingerprint(self) -> str:
        """What the peer is made of: recipe, build tools, and the Python that it is built for."""
        recipe = (self.version, self.sha256, self.without, WRAPPER, tuple(sys.version_info[:2]))
        tools = REQUIREMENTS.read_bytes() if self.sha256 else b""
        return hashlib.sha256(repr(recipe).encode() + tools).hexdigest()

    def is_ready(self) -> bool:
        """Look whether the folder holds this peer, complete and made as it is made now."""
        marker = self.folder / "ready"
        return marker.is_file() and marker.read_text().strip() == self.fingerprint


MODERN_SERVER = ("--audio=no",)
MODERN_CLIENT = ("--audio=no", "--refresh-rate=60")
PEERS = {
    peer.version: peer
    for peer in (
        Peer("3.1.3", DEBIAN_PEER),
        Peer(
            "6.5.5",
            tuple(BUILD),
            sha256="58cf04107d5682f202987fe5c0f7d8af1c6e183304a8bd0887a34f3b55fa1c81",
            without=WITHOUT,
            server_options=MODERN_SERVER,
            client_options=MODERN_CLIENT,
        ),
        Peer(
            "6.2.5",
            tuple(BUILD),
            sha256="b789d2af768e776516195f2133f7a2da2cfca663bab0d644951a07c627b35a1b",
            without=(*WITHOUT, "avif", "v4l2", "evdi", "nvfbc", "nvdec", "cuda_kernels"),
            server_options=MODERN_SERVER,
            client_options=MODERN_CLIENT,
        ),
    )
}


def cache_folder() -> Path:
    """Where peers live, outside any checkout."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "limpet" / "peers"


def say(text: str) -> None:
    print(f"peers: {text}", flush=True)


# --- making a peer ----------------------------------------------------------------------------------------------


class Steps:
    """Runs the steps of one build, each into its own log file, with a line of progress before and after."""

    def __init__(self, name: str, logs: Path, env: dict[str, str]) -> None:
        self._name = name
        self._logs = logs
        self._env = env
        self._count = 0
        logs.mkdir(parents=True)

    def run(self, what: str, command: Sequence[str | Path], cwd: Path | None = None) -> None:
        """Raises PeerError with the end of the log when the command fails."""
        self._count += 1
        path = self._logs / f"{self._count:02d}-{what.replace(' ', '-')}.log"
        say(f"{self._name}: {what} ...")
        begun = time.monotonic()
        with path.open("wb") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            while True:
                try:
                    code = process.wait(timeout=60)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{self._name}: {what}, {time.monotonic() - begun:.0f} s: {last_line(path)[:100]}")
        if code:
            kept = cache_folder() / f"failed-{self._name}.log"
            shutil.copyfile(path, kept)
            tail = "\n".join(path.read_text(errors="replace").splitlines()[-25:])
            raise PeerError(f"{self._name}: {what} failed with status {code}; log kept as {kept}:\n{tail}")
        say(f"{self._name}: {what} done in {time.monotonic() - begun:.0f} s")


def last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def make(peer: Peer) -> None:
    """Make `peer` unless it is ready. Raises PeerError."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with locked(cache_folder() / f".{peer.version}.lock", peer.version):
        debian_packages(peer)  # a kept cache may meet a new machine
        if not peer.is_ready():
            make_anew(peer)
        check_version(peer.folder / "run-xpra", peer.version)
    say(f"{peer.version}: ready in {peer.folder}")


def make_anew(peer: Peer) -> None:
    """Make `peer` in a folder beside its own and put it in place when it is whole."""
    for left in cache_folder().glob(f".{peer.version}-*"):  # by a run that was killed
        shutil.rmtree(left)
    work = Path(tempfile.mkdtemp(prefix=f".{peer.version}-", dir=cache_folder()))
    try:
        if peer.sha256:
            build(peer, work)
        else:
            wrap_debian(work)
        check_version(work / "run-xpra", peer.version)
        (work / "ready").write_text(f"{peer.fingerprint}\n")
        if peer.folder.exists():
            shutil.rmtree(peer.folder)
        work.rename(peer.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Hold an advisory lock, so that two runs at once do not build the same peer twice."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{name}: another run is making it; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def debian_packages(peer: Peer) -> None:
    done = subprocess.run([str(TOOLS / "debian.sh"), *peer.debian], stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise PeerError(f"{peer.version}: needs the Debian packages named above")


def wrap_debian(work: Path) -> None:
    (work / "user-conf").mkdir()
    write_wrapper(work, 'export XPRA_USER_CONF_DIRS="$here/user-conf"\nexec /usr/bin/python3 /usr/bin/xpra "$@"\n')


def build(peer: Peer, work: Path) -> None:
    """Fill `work` from the release's source archive: `venv` (what it needs at run time) and `tree` (itself)."""
    venv, tree = work / "venv", work / "tree"
    source, download = work / "source", work / "download"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    env["PATH"] = f"{venv}/bin:{SYSTEM_PATH}"
    steps = Steps(peer.version, work / "log", env)
    python = venv / "bin" / "python"
    steps.run("make environment", [SYSTEM_PYTHON, "-m", "venv", "--system-site-packages", venv])
    pip = (python, "-m", "pip")
    steps.run("install build tools", [*pip, "install", "--require-hashes", "-r", REQUIREMENTS])
    wanted = work / "xpra.txt"
    wanted.write_text(f"xpra=={peer.version} --hash=sha256:{peer.sha256}\n")
    fetch = (*pip, "download", "--no-deps", "--no-build-isolation", "--no-binary", "xpra", "--require-hashes")
    steps.run("download source", [*fetch, "-d", download, "-r", wanted])
    unpack(download, source)
    jobs = os.cpu_count() or 1
    flags = [f"--without-{name}" for name in peer.without]
    steps.run("build", [python, "setup.py", "build", f"--parallel={jobs}", *flags], cwd=source)
    install = ["install", "--skip-build", f"--root={tree}", "--prefix=/usr"]
    steps.run("install", [python, "setup.py", *install, *flags], cwd=source)
    package = next(tree.glob("usr/lib*/python3*/*-packages/xpra/__init__.py"), None)
    if package is None:
        raise PeerError(f"{peer.version}: the build left no xpra package in {tree}")
    shutil.rmtree(source)
    shutil.rmtree(download)
    (work / "user-conf").mkdir()
    packages = package.parent.parent.relative_to(work)
    write_wrapper(
        work,
        f'export PYTHONPATH="$here/{packages}"\n'
        'export XPRA_DEFAULT_CONF_DIRS="$here/tree/etc/xpra"\n'
        'export XPRA_SYSTEM_CONF_DIRS="$here/tree/etc/xpra"\n'
        'export XPRA_USER_CONF_DIRS="$here/user-conf"\n'
        'export XPRA_RESOURCES_DIR="$here/tree/usr/share/xpra"\n'
        'exec "$here/venv/bin/python" "$here/tree/usr/bin/xpra" "$@"\n',
    )


def unpack(download: Path, target: Path) -> None:
    """Unpack the one archive in `download` as `target`, without the folder that it packs everything in."""
    (archive,) = download.iterdir()
    with tarfile.open(archive) as tar:
        tar.extractall(target)  # noqa: S202 - its digest is known; Debian 12 has no extraction filters
    (inner,) = target.iterdir()
    for entry in list(inner.iterdir()):
        entry.rename(target / entry.name)
    inner.rmdir()


def write_wrapper(work: Path, rest: str) -> None:
    """Write `run-xpra`; `rest` sets what is particular and replaces the shell by xpra."""
    wrapper = work / "run-xpra"
    wrapper.write_text(WRAPPER + rest)
    wrapper.chmod(0o755)


def check_version(wrapper: Path, version: str) -> None:
    done = subprocess.run([str(wrapper), "--version"], capture_output=True, text=True, timeout=60, check=False)
    first = done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""
    if done.returncode or version not in first:
        raise PeerError(f"{wrapper} --version answered {first!r} (status {done.returncode}): {done.stderr.strip()}")


# --- checking a peer --------------------------------------------------------------------------------------------


class Session:
    """The processes of one check; leaving the context ends them and removes their folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="limpet-peer-"))
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, **extra: str) -> dict[str, str]:
        home, runtime = self.folder / "home", self.folder / "run"
        home.mkdir(exist_ok=True)
        runtime.mkdir(mode=0o700, exist_ok=True)
        base = {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}
        return {**base, **extra}

    def start(self, name: str, command: Sequence[str], env: dict[str, str], keep: Sequence[int] = ()) -> Path:
        """Start `command` in its own process group; return the file that takes its output."""
        path = self.folder / f"{name}.log"
        with path.open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    list(command),
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=keep,
                )
            )
        return path

    def display(self) -> str:
        """Start an X server on a free display and return its name."""
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"]
        self.start("xvfb", command, self.environment(), keep=(writing,))
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise PeerError("Xvfb did not start")
        return f":{number}"


def wait_for(what: str, seconds: float, probe: Sequence[str], env: dict[str, str], logs: Sequence[Path]) -> None:
    """Repeat `probe` until it succeeds; raises PeerError with the ends of `logs` after `seconds`."""
    end = time.monotonic() + seconds
    while subprocess.run(list(probe), env=env, capture_output=True, check=False).returncode:
        if time.monotonic() > end:
            tails = "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in logs)
            raise PeerError(f"{what} did not appear within {seconds:.0f} s\n{tails}")
        time.sleep(0.3)


def check(peer: Peer) -> None:
    """Attach a client to a server, both of this version, over plain TCP, and look for the xterm's window."""
    if not peer.is_ready():
        raise PeerError(f"{peer.version}: not there; make it with: tools/peers.py {peer.version}")
    run = str(peer.folder / "run-xpra")
    check_version(Path(run), peer.version)
    title = f"limpet-check-{os.getpid()}"
    with Session() as session:
        display = session.display()
        server_display = f":{free_display()}"
        port = free_port()
        env = session.environment()
        server = session.start(
            "server",
            [
                *(run, "start", server_display, f"--bind-tcp=127.0.0.1:{port}", f"--start=xterm -title {title}"),
                *("--xvfb=Xvfb -screen 0 1600x1000x24 -nolisten tcp -noreset +extension Composite",),
                *(f"--socket-dir={session.folder}", "--exit-with-client=yes", *QUIET_SERVER, *peer.server_options),
            ],
            env,
        )
        target = f"tcp://127.0.0.1:{port}/"
        wait_for(f"{peer.version}: the server", 60, [run, "version", target], env, [server])
        client_env = session.environment(DISPLAY=display)
        client = session.start("client", [run, "attach", target, *QUIET_CLIENT, *peer.client_options], client_env)
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        wait_for(f"{peer.version}: the client's window", 60, search, client_env, [server, client])
    say(f"{peer.version}: version and plain TCP attach work")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_display() -> int:
    """Give a display number above those that are commonly given out, with neither socket nor lock."""
    taken = {path.name for folder in ("/tmp/.X11-unix", "/tmp") for path in Path(folder).glob("*X*")}  # noqa: S108
    first = 400 + os.getpid() % 500
    return next(n for n in range(first, first + 500) if f"X{n}" not in taken and f".X{n}-lock" not in taken)


# --- command line -----------------------------------------------------------------------------------------------


def show(out: IO[str]) -> None:
    for peer in PEERS.values():
        out.write(f"{peer.version}  {'ready  ' if peer.is_ready() else 'missing'}  {peer.folder}/run-xpra\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="install or build the stock xpra peers for the interop tests")
    parser.add_argument("versions", nargs="*", metavar="VERSION", help=f"of {', '.join(PEERS)}; default: all")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--list", action="store_true", help="show which peers are there")
    modes.add_argument("--check", action="store_true", help="attach a client to a server of each named version")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.versions) - set(PEERS))
    if unknown:
        parser.error(f"unknown version {', '.join(unknown)}; known: {', '.join(PEERS)}")
    if options.list:
        show(sys.stdout)
        return 0
    try:
        for version in options.versions or PEERS:
            if options.check:
                check(PEERS[version])
            else:
                make(PEERS[version])
    except PeerError as error:
        print(f"peers: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
