"""The shared state of connections, ticks, rooms and routes, without a socket."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import HandClock
from wscli.server import route_table as table
from wscli.server import routes
from wscli.server.access import Watcher
from wscli.server.endpoints.bench import Push
from wscli.server.endpoints.echo import Echo
from wscli.server.endpoints.hub import Hub, Rooms
from wscli.server.endpoints.scripted import Scripted
from wscli.server.endpoints.ticks import KEPT, LONG_POLL_LIMIT, Epoch, Ticks, TickSchedule
from wscli.server.http import HttpResponse, Refused
from wscli.server.options import ServeOptions
from wscli.server.script import ScriptReply, ScriptRule, SlowRule
from wscli.server.state import ServerState
from wscli.wire.events import Messages
from wscli.wire.head import parse_request

START = 1_769_860_800.0  # 2026-01-31T12:00:00Z


class WallClock(HandClock):
    """A clock that is moved by hand, and also has the time of day."""

    def time(self):
        return START + self.now - 100.0


class Keeping(Watcher):
    """Keeps the records and warnings that it receives."""

    def __init__(self):
        self.records = []
        self.warnings = []

    def ended(self, access):
        self.records.append((access.number, access.elapsed))

    def warned(self, message, hint):
        self.warnings.append((message, hint))


class Served:
    """A connection that has joined."""

    def __init__(self, state, *, status=101):
        self.access = state.new_record("127.0.0.1:1")
        self.access.status = status
        state.clients += status == 101
        state.join(self)


@pytest.fixture
def make_state(monkeypatch):
    """Return a function that makes the state of a server, whose clock is moved by hand."""
    monkeypatch.setattr("wscli.server.state.Clock", WallClock)
    return lambda **options: ServerState(ServeOptions(**options), Keeping())


# The state


def test_connections_are_numbered_in_order(make_state):
    state = make_state()
    records = [state.new_record(f"127.0.0.1:{port}") for port in (5, 3)]
    assert [(each.number, each.address) for each in records] == [
        (1, "127.0.0.1:5"),
        (2, "127.0.0.1:3"),
    ]
    assert {each.time for each in records} == {START}


def test_a_new_record_has_no_request_and_no_close(make_state):
    access = make_state().new_record("local")
    assert (access.status, access.method, access.target, access.by) == (None, None, None, None)
    assert (access.code, access.clean, access.upgraded) == (1006, False, False)


@pytest.mark.parametrize(("status", "upgraded"), [(None, False), (101, True), (200, False)])
def test_a_status_of_101_is_an_upgrade(make_state, status, upgraded):
    access = make_state().new_record("local")
    access.status = status
    assert access.upgraded is upgraded


def test_only_websockets_count_as_clients(make_state):
    state = make_state()
    page, first, second = Served(state, status=200), Served(state), Served(state)
    assert (state.clients, len(state.connections)) == (2, 3)
    state.leave(page)
    assert (state.clients, len(state.connections)) == (2, 2)
    state.leave(first)
    assert (state.clients, list(state.connections)) == (1, [second])


def test_a_connection_that_ends_is_recorded_with_its_duration(make_state):
    state = make_state()
    first = Served(state)
    state.clock.now += 1.5
    second = Served(state)
    state.clock.now += 0.25
    state.leave(second)
    state.leave(first)
    assert state.watcher.records == [(2, 0.25), (1, 1.75)]


def test_a_server_is_empty_before_the_first_and_after_the_last_connection(make_state):
    state = make_state()
    assert state.empty.is_set()
    first, second = Served(state), Served(state)
    state.leave(first)
    assert not state.empty.is_set()
    state.leave(second)
    assert state.empty.is_set()


@pytest.mark.parametrize(
    ("options", "scheme"), [({}, "ws"), ({"tls": True}, "wss"), ({"cert": "a.pem"}, "wss")]
)
def test_the_url_of_a_target_has_the_scheme_of_the_server(make_state, options, scheme):
    state = make_state(**options)
    state.address = ("::1", 99)
    assert str(state.url("/a?b")) == f"{scheme}://[::1]:99/a?b"


def test_the_report_of_a_slow_rule_says_what_to_avoid(make_state):
    state = make_state()
    state.report_slow_rule(SlowRule(ScriptRule(3, ScriptReply()), first=True))
    ((message, hint),) = state.watcher.warnings
    assert message.startswith("rule 3 of the script takes too long")
    assert "(a|aa)+" in hint


# Ticks


def schedule(interval=2.0):
    clock = WallClock()
    return TickSchedule(Epoch(clock), interval), clock


@pytest.mark.parametrize(
    ("elapsed", "latest"), [(0, 0), (1.999, 0), (2.0, 1), (3.9, 1), (4.0, 2), (200.0, 100)]
)
def test_a_tick_is_due_at_the_end_of_its_interval(elapsed, latest):
    ticks, clock = schedule()
    clock.now += elapsed
    assert ticks.latest() == latest
    assert ticks.seconds_until(latest) <= 0 < ticks.seconds_until(latest + 1) <= 2.0


def test_the_time_of_a_tick_is_when_it_was_due():
    ticks, clock = schedule()
    clock.now += 55.5
    assert ticks.tick(2) == {"tick": 2, "time": "2026-01-31T12:00:04.000000Z"}


@given(st.integers(0, 400), st.integers(0, 500))
def test_the_ticks_since_one_are_at_most_the_last_hundred(passed, known):
    ticks, clock = schedule()
    clock.now += 2.0 * passed
    numbers = [each["tick"] for each in ticks.since(known)]
    assert numbers == [n for n in range(1, passed + 1) if n > known and n > passed - KEPT]


# Rooms


def test_a_room_exists_while_it_has_members():
    rooms = Rooms()
    first, second = object(), object()
    room = rooms.join("tea", first)
    assert rooms.join("tea", second) is room
    assert rooms.join("", first) is not room
    rooms.leave("tea", first)
    assert room.members == {second}
    rooms.leave("tea", second)
    assert rooms.join("tea", first) is not room


class Member:
    """Keep the pushed data; a member may leave during a push."""

    def __init__(self, leaves=None):
        self.pushed = []
        self._leaves = leaves or (lambda: None)

    def push(self, data, count):
        self.pushed.append((data, count))
        self._leaves()


def broadcast(room, *batches):
    """Broadcast batches in one turn of a loop."""

    async def turn():
        for batch in batches:
            room.broadcast(batch)
        await asyncio.sleep(0)

    asyncio.run(turn())


def test_all_messages_of_a_turn_are_one_push_to_each_member():
    rooms, members = Rooms(), [Member(), Member()]
    (room,) = {rooms.join("tea", member) for member in members}
    broadcast(room, Messages(1, [b"a", b"b"]), Messages(2, [b"c"]))
    room.flush()
    broadcast(room, Messages(1, [b"d"]))
    expected = [(b"\x81\x01a\x81\x01b\x82\x01c", 3), (b"\x81\x01d", 1)]
    assert [member.pushed for member in members] == [expected] * 2


def test_a_member_that_leaves_during_a_push_does_not_stop_it():
    rooms, members = Rooms(), []
    for number in range(3):
        members.append(Member(lambda number=number: rooms.leave("tea", members[number])))
        room = rooms.join("tea", members[number])
    rooms.join("tea", staying := Member())
    broadcast(room, Messages(1, [b"a"]))
    assert [len(member.pushed) for member in (*members, staying)] == [1] * 4
    assert room.members == {staying}


# What serves a target


def get(target, *fields):
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", *fields]
    return parse_request("\r\n".join([*lines, "", ""]).encode())


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/", Echo),
        ("/echo?fragment=3", Echo),
        ("/hub", Hub),
        ("/hub/a/b", Hub),
        ("/ticks", Ticks),
        ("/push?n=0", Push),
        ("/status/200", HttpResponse),
    ],
)
def test_a_target_has_an_endpoint_of_its_kind(make_state, target, kind):
    assert type(routes.find_endpoint(get(target), make_state())) is kind


@pytest.mark.parametrize(("mode", "kind"), [("echo", Echo), ("hub", Hub)])
def test_a_mode_takes_precedence_over_the_routes(make_state, mode, kind):
    state = make_state(mode=mode)
    assert type(routes.find_endpoint(get("/push?x=y"), state)) is kind
    assert isinstance(routes.find_answer(get("/"), state), HttpResponse)
    with pytest.raises(Refused) as caught:
        routes.find_answer(get("/anything"), state)
    assert caught.value.refusal.status == 426


def test_a_script_takes_precedence_over_a_mode(make_state, tmp_path):
    path = tmp_path / "script.toml"
    path.write_text("")
    state = make_state(script=str(path), mode="hub")
    assert type(routes.find_endpoint(get("/hub/x?y"), state)) is Scripted


def answer(state, target):
    return routes.find_answer(get(target), state)


def test_a_poll_has_the_latest_tick_or_all_since_one(make_state):
    state = make_state()
    assert answer(state, "/poll?interval=2s").body == b"[]"
    state.clock.now += 6.5
    numbers = [each["tick"] for each in json.loads(answer(state, "/poll?interval=2s").body)]
    assert numbers == [3]
    since = json.loads(answer(state, "/poll?interval=2s&since=0").body)
    assert [each["tick"] for each in since] == [1, 2, 3]


def test_a_long_poll_waits_for_the_next_tick(make_state):
    state = make_state()
    state.clock.now += 6.5
    later = answer(state, "/longpoll?interval=2s")
    assert later.seconds == pytest.approx(1.5)
    state.clock.now += 1.5
    assert [each["tick"] for each in json.loads(later.make().body)] == [4]


def test_a_long_poll_that_missed_a_tick_does_not_wait(make_state):
    state = make_state()
    state.clock.now += 6.5
    later = answer(state, "/longpoll?interval=2s&since=1")
    assert later.seconds == 0
    assert [each["tick"] for each in json.loads(later.make().body)] == [2, 3]


@pytest.mark.parametrize("since", ["", "&since=1000000000"])
def test_a_long_poll_waits_no_longer_than_its_limit(make_state, since):
    later = answer(make_state(), f"/longpoll?interval=1h{since}")
    assert later.seconds == LONG_POLL_LIMIT
    assert later.make().body == b"[]"


@pytest.mark.parametrize(
    ("status", "name", "value"),
    [
        (302, "Location", "/echo"),
        (401, "WWW-Authenticate", 'Basic realm="wscli"'),
        (405, "Allow", "GET"),
        (426, "Sec-WebSocket-Version", "13"),
        (503, "Retry-After", "1"),
    ],
)
def test_a_status_has_its_required_header(make_state, status, name, value):
    found = answer(make_state(), f"/status/{status}")
    assert (found.status, dict(found.headers).get(name)) == (status, value)
    assert answer(make_state(), "/status/200").headers == ()


def test_the_body_of_a_status_names_it_even_without_a_phrase(make_state):
    assert answer(make_state(), "/status/404").body == b"404 Not Found, as requested by the path\n"
    assert answer(make_state(), "/status/299").body == b"299, as requested by the path\n"


# The bounds of a parameter


@pytest.mark.parametrize(
    ("parameter", "inside", "outside"),
    [
        (table.INTERVAL, ["1ms", "24h", "86400s"], ["0", "0.9ms", "86401s"]),
        (table.COUNT, ["1", "1000000000", "007"], ["0", "1000000001", "-1", "+1", "1e3"]),
        (table.CODE, ["0", "65535"], ["65536", "-1"]),
        (table.STATUS, ["200", "599"], ["101", "199", "600", "2OO"]),
        (table.AFTER, ["0s", "24h"], ["25h", "soon"]),
        (table.MESSAGE_SIZE, ["0", "1k"], ["1025", "2k", "-1"]),
        (table.OP, ["text", "binary"], ["Text", "ping", ""]),
        (table.COUNT, ["1" + "0" * 9], ["9" * 31, "٣"]),
    ],
)
def test_a_value_is_accepted_only_within_its_bounds(parameter, inside, outside):
    for text in inside:
        assert parameter.parse(text, 1024) == parameter.kind.read(text)
    for text in outside:
        with pytest.raises(ValueError, match=parameter.name):
            parameter.parse(text, 1024)


def test_the_reason_for_a_refused_value_has_its_bounds_and_is_short():
    with pytest.raises(ValueError, match="size must be from 0 to 1024, not '1025'"):
        table.MESSAGE_SIZE.parse("1025", 1024)
    with pytest.raises(ValueError, match=r"n must be from 0 to 1000000000: 'x+' is not") as caught:
        table.MESSAGES.parse("x" * 10_000, 1024)
    assert len(str(caught.value)) < 200
