import subprocess
from pathlib import Path

import pytest

from tools import peers


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "limpet" / "peers"


def test_peers_live_in_the_users_cache_folder(cache: Path) -> None:
    assert peers.PEERS["6.5.5"].folder == cache / "6.5.5"


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_a_cache_folder_that_is_not_absolute_is_ignored(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert peers.cache_folder() == tmp_path / ".cache" / "limpet" / "peers"


def test_a_folder_without_its_marker_is_not_ready(cache: Path) -> None:
    (cache / "6.5.5").mkdir(parents=True)
    assert not peers.PEERS["6.5.5"].is_ready()


def test_a_peer_made_by_another_recipe_is_not_ready(cache: Path) -> None:
    (cache / "6.5.5").mkdir(parents=True)
    (cache / "6.5.5" / "ready").write_text("something else\n")
    assert not peers.PEERS["6.5.5"].is_ready()


def test_a_peer_with_its_marker_is_ready(cache: Path) -> None:
    peer = peers.PEERS["6.5.5"]
    peer.folder.mkdir(parents=True)
    (peer.folder / "ready").write_text(f"{peer.fingerprint}\n")
    assert peer.is_ready()


def test_every_version_has_its_own_fingerprint() -> None:
    assert len({peer.fingerprint for peer in peers.PEERS.values()}) == len(peers.PEERS) == 3


def test_the_wrapper_starts_a_peer_that_sees_debians_python_first(tmp_path: Path) -> None:
    (tmp_path / "user-conf").mkdir()
    peers.write_wrapper(tmp_path, 'echo "$PATH|${PYTHONPATH-unset}|$XPRA_SPLASH|$here|$1"\n')
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "run-xpra")
    env = {"PATH": "/somewhere:/usr/bin:/bin", "PYTHONPATH": "/elsewhere"}
    done = subprocess.run([str(link), "an argument"], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"/usr/bin:/bin|unset|0|{tmp_path}|an argument\n"


def test_a_peer_that_answers_with_another_version_is_refused(tmp_path: Path) -> None:
    peers.write_wrapper(tmp_path, "echo xpra v5.0\n")
    with pytest.raises(peers.PeerError, match=r"answered 'xpra v5\.0'"):
        peers.check_version(tmp_path / "run-xpra", "3.1.3")


def test_a_failed_step_tells_the_end_of_its_log_and_keeps_it(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.mkdir(parents=True)
    steps = peers.Steps("6.5.5", tmp_path / "log", {"PATH": "/usr/bin:/bin"})
    with pytest.raises(peers.PeerError, match=r"compile it failed with status 3(.|\n)*the reason"):
        steps.run("compile it", ["sh", "-c", "echo the reason; exit 3"])
    assert (cache / "failed-6.5.5.log").read_text() == "the reason\n"
    assert "6.5.5: compile it ..." in capsys.readouterr().out


def test_a_check_of_a_peer_that_is_not_there_says_how_to_make_it(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert peers.main(["--check", "6.2.5"]) == 1
    assert "make it with: tools/peers.py 6.2.5" in capsys.readouterr().err


def test_the_list_names_every_version_and_its_state(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert peers.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[version, "missing"] for version in peers.PEERS]


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(SystemExit) as stopped:
        peers.main(["7.0"])
    assert stopped.value.code == 2


def test_the_tool_needs_no_environment() -> None:
    tool = Path(peers.__file__)
    done = subprocess.run(
        ["/usr/bin/python3", "-I", str(tool), "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "stock xpra peers" in done.stdout
