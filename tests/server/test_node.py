"""The server as seen by the npm package ws, in Node."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CLIENT = Path(__file__).with_name("node_client.js")


@pytest.fixture(scope="module")
def node_path(tmp_path_factory):
    """The folder in which Node finds ws."""
    if shutil.which("npm") is None:
        pytest.skip("there is no Node with npm here")
    folder = tmp_path_factory.mktemp("node")
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "ws@8"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=50, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install ws: {done.stderr.strip()[-200:]}")
    return folder / "node_modules"


@pytest.fixture
def node(node_path):
    """Return a function that lets ws take some steps, and returns the events that it saw."""

    def run(url, *steps, **options):
        command = ["node", str(CLIENT), url, json.dumps(options), json.dumps(steps)]
        environ = {**os.environ, "NODE_PATH": str(node_path)}
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=30, check=True
        )
        return [tuple(event) for event in json.loads(done.stdout)]

    return run


@pytest.mark.parametrize("compress", [True, False])
def test_messages_come_back_unchanged(serve, node, compress):
    long = "long " * 20_000
    seen = node(
        serve().url + "/echo",
        {"text": ["héllo"]},
        {"hex": "00ff"},
        {"text": [""]},
        {"text": [long]},
        {"text": ["frag", "ment"]},
        {"close": [4000, "done"]},
        perMessageDeflate=compress,
    )
    assert seen == [
        ("open", "permessage-deflate" if compress else ""),
        ("text", "héllo"),
        ("binary", "00ff"),
        ("text", ""),
        ("text", long),
        ("text", "fragment"),
        ("close", 4000, ""),
    ]


def test_a_ping_is_answered(serve, node):
    seen = node(serve().url + "/hub", {"ping": "are you there?"}, {"close": [1000]})
    assert ("pong", "are you there?") in seen


def test_a_hub_sends_messages_to_their_sender_too(serve, node):
    seen = node(serve().url + "/hub", {"text": ["one"]}, {"text": ["two"]}, {"close": [1000]})
    assert seen[1:] == [("text", "one"), ("text", "two"), ("close", 1000, "")]


def test_ticks_end_after_their_count(serve, node):
    seen = node(serve().url + "/ticks?interval=10ms&count=3")
    assert [event[0] for event in seen] == ["open", "text", "text", "text", "close"]
    assert seen[-1] == ("close", 1000, "")


def test_a_client_gets_the_close_code_and_reason(serve, node):
    assert node(serve().url + "/close?code=1013&reason=later")[-1] == ("close", 1013, "later")


def test_a_refused_upgrade_is_an_error_of_the_client(serve, node):
    assert ("error", "Unexpected server response: 418") in node(serve().url + "/status/418")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("bad-utf8", "WS_ERR_INVALID_UTF8"),
        ("reserved-bits", "WS_ERR_UNEXPECTED_RSV_2_3"),
        ("reserved-opcode", "WS_ERR_INVALID_OPCODE"),
        ("masked-frame", "WS_ERR_UNEXPECTED_MASK"),
        ("oversize-control", "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
        ("fragmented-control", "WS_ERR_EXPECTED_FIN"),
        ("bad-accept", "Invalid Sec-WebSocket-Accept header"),
    ],
)
def test_each_fault_is_the_expected_error_in_ws(serve, node, kind, error):
    assert ("error", error) in node(f"{serve().url}/fault/{kind}")


@pytest.mark.parametrize("kind", ["drop", "no-close"])
def test_an_end_without_a_close_frame_is_1006(serve, node, kind):
    assert node(f"{serve().url}/fault/{kind}")[-1] == ("close", 1006, "")
