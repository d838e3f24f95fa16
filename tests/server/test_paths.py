"""The paths of the embedded server, as seen by the client of the websockets package."""

import itertools
import json

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from tests.raw import Client


def read_all(connection):
    """Return all messages, and the Close frame after them."""
    return list(connection), connection.protocol.close_rcvd


@pytest.mark.parametrize("path", ["", "/", "/echo"])
def test_a_message_comes_back_with_its_opcode(serve, path):
    with connect(serve().url + path) as connection:
        for message in ("hello", b"\x00\xff", "", b"", "a" * 70_000, bytes(200_000), "Füße 🦶"):
            connection.send(message)
            assert connection.recv(timeout=20) == message


@pytest.mark.parametrize("compression", ["deflate", None])
def test_many_messages_come_back_in_order(serve, compression):
    with connect(serve().url + "/echo", compression=compression) as connection:
        messages = [f"message {number}" for number in range(3000)]
        for message in messages:
            connection.send(message)
        assert [connection.recv(timeout=20) for _ in messages] == messages


def test_a_fragmented_message_comes_back_whole(serve):
    with connect(serve().url + "/echo") as connection:
        connection.send(["frag", "men", "ted"])
        assert connection.recv(timeout=20) == "fragmented"


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_an_echo_can_be_sent_in_fragments(serve, compression):
    url = serve().url + "/echo?fragment=3"
    with connect(url, compression=compression) as connection:
        connection.send("fragmented")
        parts = list(connection.recv_streaming())
    assert "".join(parts) == "fragmented"
    assert len(parts) == 4


def test_a_close_is_answered_with_the_same_code(serve):
    with connect(serve().url + "/echo") as connection:
        connection.close(4321, "enough")
        assert connection.protocol.close_rcvd.code == 4321


def test_the_first_subprotocol_offered_is_accepted(serve):
    with connect(serve().url, subprotocols=["chat.v2", "chat.v1"]) as connection:
        assert connection.subprotocol == "chat.v2"


def test_empty_elements_in_the_list_of_subprotocols_are_skipped(serve):
    with Client(serve()) as client:
        response = client.open("/echo", "Sec-WebSocket-Protocol: , b", "Sec-WebSocket-Protocol: a")
        assert response.headers.get("Sec-WebSocket-Protocol") == "b"


def test_the_first_acceptable_offer_of_compression_is_accepted(serve):
    offers = (
        "x-other, permessage-deflate; server_max_window_bits=16, "
        "permessage-deflate; client_max_window_bits; client_max_window_bits=9"
    )
    with Client(serve()) as client:
        extension = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
        response = client.open("/echo", f"Sec-WebSocket-Extensions: {offers}", extension)
        answer = response.headers.get_all("Sec-WebSocket-Extensions")
        assert answer == ["permessage-deflate; server_max_window_bits=10"]


def test_hub_members_get_all_messages_including_their_own(serve):
    url = serve().url + "/hub"
    with connect(url) as first, connect(url) as second:
        first.send("from the first")
        assert [each.recv(timeout=20) for each in (first, second)] == ["from the first"] * 2
        second.send(b"from the second")
        assert [each.recv(timeout=20) for each in (first, second)] == [b"from the second"] * 2


def test_a_message_stays_in_its_room(serve):
    url = serve().url + "/hub"
    with (
        connect(f"{url}/tea%20room") as tea,
        connect(f"{url}/coffee") as coffee,
        connect(url) as hub,
    ):
        for room, message in ((tea, "tea"), (coffee, "coffee"), (hub, "hub")):
            room.send(message)
        assert [each.recv(timeout=20) for each in (tea, coffee, hub)] == ["tea", "coffee", "hub"]


def test_a_hub_continues_after_a_member_has_left(serve):
    url = serve().url + "/hub"
    with connect(url) as stays:
        with connect(url) as leaves:
            leaves.send("bye")
            assert stays.recv(timeout=20) == "bye"
        stays.send("anybody here?")
        assert stays.recv(timeout=20) == "anybody here?"


def test_ticks_arrive_in_order_and_end_with_1000(serve):
    with connect(serve().url + "/ticks?interval=20ms&count=5") as connection:
        messages, close = read_all(connection)
    numbers = [json.loads(message)["tick"] for message in messages]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert close.code == 1000


def test_ticks_are_the_same_for_everybody(serve):
    url = serve().url + "/ticks?interval=30ms"
    with connect(url) as first, connect(url) as second:
        one, other = ({each.recv(timeout=20) for _ in range(8)} for each in (first, second))
    assert one & other


def test_ticks_continue_without_a_count(serve):
    with connect(serve().url + "/ticks?interval=5ms") as connection:
        assert len(list(itertools.islice(connection, 20))) == 20


@pytest.mark.parametrize(
    ("query", "count", "size", "kind"),
    [
        ("", 1000, 64, str),
        ("?n=3&size=10", 3, 10, str),
        ("?n=2&size=100kB&op=binary", 2, 100_000, bytes),
        ("?n=5000&size=0", 5000, 0, str),
        ("?n=0", 0, 0, str),
    ],
)
def test_push_sends_n_messages_and_closes(serve, query, count, size, kind):
    with connect(f"{serve().url}/push{query}") as connection:
        messages, close = read_all(connection)
    assert [type(message) for message in messages] == [kind] * count
    assert {len(message) for message in messages} <= {size}
    assert close.code == 1000


def test_pushed_messages_are_numbered(serve):
    with connect(serve().url + "/push?n=700&size=16") as connection:
        numbers = [int(message.split()[0]) for message in connection]
    assert numbers == list(range(1, 701))


def test_headers_shows_the_request_as_received(serve):
    extra = {"X-Twice": "1", "x-lower": "ü"}
    with connect(
        serve().url + "/headers", additional_headers=extra, origin="http://localhost:3000"
    ) as connection:
        (message,), close = read_all(connection)
    seen = json.loads(message)
    assert (seen["method"], seen["target"], seen["version"]) == ("GET", "/headers", "1.1")
    assert ["X-Twice", "1"] in seen["headers"]
    assert ["x-lower", "ü"] in seen["headers"]
    assert ["Origin", "http://localhost:3000"] in seen["headers"]
    assert seen["headers"].index(["X-Twice", "1"]) < seen["headers"].index(["x-lower", "ü"])
    assert close.code == 1000


def test_close_closes_with_the_code_and_reason(serve):
    url = serve().url + "/close?code=1008&reason=not%20you"
    with connect(url) as connection, pytest.raises(ConnectionClosedError) as caught:
        connection.recv(timeout=20)
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1008, "not you")


def test_close_echoes_messages_until_its_time(serve):
    with connect(serve().url + "/close?after=300ms") as connection:
        connection.send("still here")
        messages, close = read_all(connection)
    assert messages == ["still here"]
    assert close.code == 1000


@pytest.mark.parametrize("status", [200, 204, 401, 403, 404, 418, 426, 500, 503, 599])
def test_status_answers_the_upgrade_with_that_status(serve, status):
    with pytest.raises(InvalidStatus) as caught, connect(f"{serve().url}/status/{status}"):
        pass
    assert caught.value.response.status_code == status
    assert str(status) in caught.value.response.body.decode() or status == 204


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_to_the_echo(serve, status):
    with connect(f"{serve().url}/status/{status}") as connection:
        connection.send("over there")
        assert connection.recv(timeout=20) == "over there"


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("/close?after=25h", "after must be from 0s to 24h, not '25h'"),
        ("/push?n=" + "9" * 31, "is not a number"),
        ("/echo?fragment=17MiB", "fragment must be from 0 to 16777216, not '17MiB'"),
        ("/status/", "N must be from 200 to 599: '' is not a number"),
        ("/ticks?interval=soon", "interval must be from 1ms to 24h: 'soon' is not a duration"),
        ("/ticks?interval=0", "interval must be from 1ms to 24h, not '0'"),
        ("/ticks?count=0", "count must be from 1 to 1000000000, not '0'"),
        ("/ticks?intervall=1s", "unknown parameter 'intervall'; this path takes interval, count"),
        ("/echo?fragmnet=1", "unknown parameter 'fragmnet'; this path takes fragment"),
        ("/?x=1", "unknown parameter 'x'; this path takes no parameters"),
        ("/hub?x", "unknown parameter 'x'"),
        ("/hub/tea?room=tea", "unknown parameter 'room'"),
        ("/headers?token=secret", "unknown parameter 'token'"),
        ("/fault/drop?after=1s", "unknown parameter 'after'"),
        ("/status/403?n=1", "unknown parameter 'n'"),
        ("/push?n=-1", "n must be from 0 to 1000000000: '-1' is not a number"),
        ("/push?n=%D9%A3", ": '٣' is not a number"),
        ("/push?size=1TB", "size must be from 0 to 16777216: '1TB' is not a size"),
        ("/push?size=1GiB", "size must be from 0 to 16777216, not '1GiB'"),
        ("/push?op=ping", "op: 'ping' is not text or binary"),
        ("/close?code=70000", "code must be from 0 to 65535, not "),
        ("/close?code=" + "0" * 19 + "165536", "code must be from 0 to 65535, not "),
        ("/status/04040", "N must be from 200 to 599, not '04040'"),
        ("/close?after=2d", "after must be from 0s to 24h: '2d' is not a duration"),
        ("/status/101", "N must be from 200 to 599, not '101'"),
        ("/status/abc", "N must be from 200 to 599: 'abc' is not a number"),
        ("/status/99999999999999999999", "from 200 to 599"),
    ],
)
def test_an_invalid_query_is_a_400_with_the_reason(serve, target, complaint):
    with pytest.raises(InvalidStatus) as caught, connect(serve().url + target):
        pass
    assert caught.value.response.status_code == 400
    assert complaint in caught.value.response.body.decode()


@pytest.mark.parametrize(
    "target", ["/nothing", "/echo/more", "/fault/", "/fault/unknown", "/../../etc/passwd", "//"]
)
def test_an_unknown_path_is_a_404_that_lists_the_paths(serve, target):
    with pytest.raises(InvalidStatus) as caught, connect(serve().url + target):
        pass
    assert caught.value.response.status_code == 404
    assert "/hub/NAME" in caught.value.response.body.decode()


@pytest.mark.parametrize("path", ["/", "/hub", "/status/404", "/any/thing?x=y"])
def test_in_echo_mode_every_path_is_an_echo(serve, path):
    with connect(serve(mode="echo").url + path) as connection:
        connection.send("x")
        assert connection.recv(timeout=20) == "x"


def test_with_a_mode_a_plain_request_is_a_426_on_any_path(serve):
    with Client(serve(mode="hub")) as client:
        assert client.fetch("/any/thing")[0].status == 426


def test_in_hub_mode_every_path_is_a_separate_hub(serve):
    url = serve(mode="hub").url
    with connect(url + "/a") as one, connect(url + "/a?x") as two, connect(url + "/echo") as other:
        other.send("elsewhere")
        one.send("here")
        assert [each.recv(timeout=20) for each in (one, two)] == ["here", "here"]
        assert other.recv(timeout=20) == "elsewhere"
