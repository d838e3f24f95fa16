"""Shared by the tests of sessions: both ways to drive a connection."""

import pytest

import wscli
from tests.twin import LoopThread


@pytest.fixture(params=["threads", "asyncio"])
def connect(request):
    """Return a function that connects as ``wscli.connect`` does, with either driver."""
    if request.param == "threads":
        yield wscli.connect
        return
    with LoopThread() as thread:
        yield thread.connect
