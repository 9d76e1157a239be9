"""The partners of these tests work among themselves: without that, no other test here says anything."""

import pytest

from tools import peers

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("version", peers.PEERS)
def test_a_stock_client_shows_a_window_of_a_stock_server(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    peers.check(peers.PEERS[version])
    assert capsys.readouterr().out == f"peers: {version}: version and plain TCP attach work\n"
