"""Each peer is made ready once, and each of its programs started once.

With pytest-xdist (``--dist loadgroup``) the tests of a peer share a worker, for the same reason.
"""

import pytest

from tests.interop import programs


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in programs.NAMES],
)
def peer(request, tmp_path_factory):
    """A peer's name and command."""
    name = request.param
    return name, programs.make_ready(name, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def peer_server(peer):
    """A peer's server."""
    with programs.Server(peer[1]) as server:
        yield server


@pytest.fixture(scope="session")
def peer_client(peer):
    """A peer's client."""
    with programs.Client(peer[1]) as client:
        yield client
