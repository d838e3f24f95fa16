"""``demo:`` URLs reach every path of the embedded server."""

import json

import pytest

from tests.program import call


@pytest.mark.parametrize("path", ["", "echo", "/echo", "hub", "/hub/tea"])
def test_a_message_comes_back(path):
    assert call("send", f"demo:{path}", "hello").out == b"hello\n"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ticks?interval=10ms&count=2", 0),
        ("/push?n=3", 0),
        ("/headers", 0),
        ("/close?code=1008", 9),
        ("/status/403", 5),
        ("/fault/bad-utf8", 7),
        ("/fault/drop", 8),
        ("/fault/bad-accept", 5),
    ],
)
def test_each_kind_of_end_has_its_exit_status(path, status):
    assert call("listen", f"demo:{path}").status == status


def test_pushed_messages_are_printed():
    result = call("listen", "demo:/ticks?interval=10ms&count=3")
    numbers = [json.loads(line)["tick"] for line in result.out.splitlines()]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
