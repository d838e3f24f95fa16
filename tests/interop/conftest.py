"""Each peer is made ready once, and its server started once."""

import pytest

from tests.interop import programs


@pytest.fixture(scope="session", params=programs.NAMES)
def peer(request, tmp_path_factory):
    """A peer's name and command."""
    name = request.param
    return name, programs.make_ready(name, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def peer_server(peer):
    """A peer's server."""
    server = programs.Server(peer[1])
    yield server
    server.stop()
