"""The connections of a recording: the same, whichever end recorded them."""

import pytest

from tests.recordings import closed, connections, event, got, opened, refused, sent
from wscli.errors import UsageError
from wscli.records.connections import Ending, choose_connection
from wscli.wire.codes import Role

CLIENT = [opened(), sent("a", 0.5), got("b", 1), closed(at=2)]
SERVER = [
    opened(role="server", connection=1),
    got("a", 0.5, connection=1),
    sent("b", 1, connection=1),
    closed(by="peer", at=2, connection=1),
]
PING = event("ping", 0.7, size=1, base64="AA==")


@pytest.mark.parametrize("events", [CLIENT, SERVER], ids=["client", "server"])
def test_messages_are_from_the_client_or_the_server_whoever_recorded_them(events):
    (connection,) = connections(*events)
    items = [(each.from_client, each.payload, each.at) for each in connection.items]
    assert items == [(True, b"a", 0.5), (False, b"b", 1.0)]
    assert connection.ending == Ending(Role.CLIENT, 1000, "", 2.0)


def test_a_ping_of_the_client_is_kept_and_one_of_the_server_is_not():
    (connection,) = connections(opened(), PING | {"direction": "out"}, PING | {"direction": "in"})
    assert [(each.opcode, each.payload) for each in connection.items] == [(9, b"\0")]


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (closed(4001, "peer", reason="bye"), Ending(Role.SERVER, 4001, "bye")),
        (closed(1001, "wscli"), Ending(Role.CLIENT, 1001, "")),
        (closed(1000, "wscli", sent=4000), Ending(Role.CLIENT, 4000, "")),
        (closed(1006, None, clean=False), Ending(None, 1006, "")),
    ],
)
def test_an_end_has_the_close_frame_that_came_first(end, expected):
    (connection,) = connections(opened(), end)
    assert connection.ending == expected


def test_messages_without_an_opening_count_from_the_first():
    (connection,) = connections(sent("a", 5), got("b", 7))
    assert [each.at for each in connection.items] == [0, 2]
    assert (connection.opened, connection.opening, connection.ending) == (True, None, None)


def test_an_error_after_an_open_connection_is_not_an_attempt_that_failed():
    (connection,) = connections(*CLIENT, event("error", 3, status=9, message="closed"))
    assert connection.failed is None
    assert connection.opened


def test_an_attempt_that_failed_has_the_response():
    (connection,) = connections(refused("ws://h/x", 403))
    assert not connection.opened
    assert connection.opening.response.status == 403


# Choosing one


def several():
    events = [*CLIENT, refused("ws://example.com/", 503), *CLIENT]
    numbers = [1] * 4 + [2] + [3] * 4
    return connections(
        *({**each, "connection": n} for each, n in zip(events, numbers, strict=True))
    )


def test_the_only_connection_that_was_open_is_chosen():
    found = several()[1:]
    assert choose_connection(found, None, "").number == 3
    assert choose_connection(found[:1], None, "").number == 2


def test_of_several_one_is_chosen_by_its_number():
    assert choose_connection(several(), 2, "").number == 2


@pytest.mark.parametrize(
    ("number", "what"), [(None, "has 3 connections"), (9, "has no connection 9")]
)
def test_an_error_lists_the_connections(number, what):
    with pytest.raises(UsageError, match=what) as caught:
        choose_connection(several(), number, "--connection N")
    assert caught.value.evidence.splitlines() == [
        "1: 1 sent, 1 received to ws://example.com/",
        "2: an attempt to ws://example.com/ that failed",
        "3: 1 sent, 1 received to ws://example.com/",
    ]
    assert caught.value.hint == "--connection N"


def test_a_recording_without_a_connection_is_an_error():
    with pytest.raises(UsageError, match="has no connection"):
        choose_connection([], None, "")
