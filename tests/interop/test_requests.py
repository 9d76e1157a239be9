"""Commands that ask a server something, or tell it something, between limpet and every stock xpra, in both roles.

Over AES where both can, so that the requests, too, are seen to be protected.
"""

from __future__ import annotations

import pytest
from PIL import Image

from limpet.errors import ExitCode
from tests.support import pattern
from tests.support.rig import Done, Rig, maker
from tests.support.screen import Image as Pixels
from tests.support.screen import differences

pytestmark = pytest.mark.peer

AES = ("--tcp-encryption=AES", "--tcp-encryption-keyfile=key.txt")
CASES = [
    *(("limpet", client, AES) for client in ("limpet", "3.1.3", "6.2.5")),
    *((server, "limpet", AES) for server in ("3.1.3", "6.2.5")),
    # its commands answer no ping, so they cannot show that they have the key of a first hello that is in clear
    ("limpet", "6.5.5", ()),
    ("6.5.5", "limpet", ()),
]
VERSION = {"limpet": "6.5", "3.1.3": "3.1.3", "6.2.5": "6.2.5", "6.5.5": "6.5.5"}


def shows_the_pattern(picture: Image.Image) -> bool:
    """Somewhere in it: a session's picture begins where its windows do."""
    image = picture.convert("RGBA").convert("RGB")
    corner = pattern.colour(0, 0, 0)
    for x in range(image.width - pattern.WIDTH + 1):
        for y in range(image.height - pattern.HEIGHT + 1):
            if image.getpixel((x, y)) == corner:
                found = image.crop((x, y, x + pattern.WIDTH, y + pattern.HEIGHT))
                return not differences(Pixels(*found.size, found.convert("RGBA").tobytes("raw", "BGRA")), 0)
    return False


@pytest.mark.parametrize(
    ("server", "client", "aes"), CASES, ids=[f"{case[0]}-server-{case[1]}-client" for case in CASES]
)
def test_commands_are_answered(server: str, client: str, aes: tuple[str, ...], rig: Rig) -> None:
    serving = rig.server(maker(server), f"--bind-tcp=127.0.0.1:{rig.port()}", *aes)
    target = f"tcp://127.0.0.1:{rig.port()}/"
    attached = rig.client(maker("limpet"), target, *aes)
    rig.screen.wait_pattern(rig.pattern_window(serving, attached), 0)

    def ask(*words: str, options: tuple[str, ...] = aes) -> Done:
        done = rig.command(maker(client), *words, target, *options)
        assert done.status == 0, done
        return done

    stock_server = server != "limpet"
    # stock servers answer it in clear, however they were started
    version = ask("version", options=() if stock_server else aes)
    assert version.out.strip().splitlines()[-1].startswith("3.1.3" if client == "3.1.3" else VERSION[server])
    assert "platform=linux" in ask("id").out
    info = ask("info").out
    assert ("cipher=AES" in info) == bool(aes)
    assert client != "limpet" or "key_salt" not in info
    ask("screenshot", "shot.png")
    with Image.open(rig.folder / "shot.png") as picture:
        assert shows_the_pattern(picture)
    ask("detach")
    assert attached.ends() == 0
    assert "detach" in attached.output
    serving.must_run()
    ask("stop")
    ended = serving.ends()
    assert stock_server or ended == 0


@pytest.mark.parametrize("server", ["3.1.3", "6.2.5"])
def test_an_answer_in_clear_is_not_taken_where_encryption_was_asked_for(server: str, rig: Rig) -> None:
    rig.server(maker(server), f"--bind-tcp=127.0.0.1:{rig.port()}", *AES)
    done = rig.command(maker("limpet"), "version", f"tcp://127.0.0.1:{rig.port()}/", *AES)
    assert done.status == ExitCode.SERVER_STAYS_CLEAR
    assert server not in done.out
    assert "stock xpra servers answer 'version' in clear" in done.err
