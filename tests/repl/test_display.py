"""The display of a session: openings, ends, messages, control frames, the toolbar."""

import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from tests.clock import HandClock
from tests.streams import items
from wscli.errors import UsageError
from wscli.net.opening import Opening
from wscli.net.url import parse_url
from wscli.repl.completion import LineSuggester, PromptHistory
from wscli.repl.display import Display
from wscli.repl.history import LineHistory
from wscli.repl.journal import Journal
from wscli.repl.link import LinkState, Retry
from wscli.repl.notices import DisplayOptions, describe_opening
from wscli.repl.prompt import read_editing_mode
from wscli.repl.toolbar import Toolbar
from wscli.session.end import End
from wscli.session.events import Batch, Opened
from wscli.sinks.human.messages import MessageView
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.wrapping import cell_width
from wscli.sinks.stats import Stats
from wscli.wire.closing import Side
from wscli.wire.codes import Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.handshake import Agreement
from wscli.wire.receiver import Receiver

KEY = b"\1\2\3\4"


def display(width=80, **options):
    view = MessageView(Palette(colour=False), width)
    return Display(view, HandClock(), lambda: None, DisplayOptions(**options))


def drawn(shown):
    """Return everything that waits to be drawn, without times of day."""
    pieces = []
    while shown.waiting:
        pieces.append(shown.draw(1 << 20))
    return re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", "".join(pieces))


def opened(at=100.0, **agreed):
    opening = Opening(parse_url("ws://h:81/ws"))
    if agreed:
        fields = {"subprotocol": None, "extensions": None, "deflate": None, "faults": ()}
        opening.agreement = Agreement(**{**fields, **agreed})
    return Opened(opening, at, 0.012)


def end(at=105.0, **fields):
    return End(1000, "", Side.REMOTE, True, at, 5.0)._replace(**fields)


# The connection


@pytest.mark.parametrize(
    ("agreed", "words"),
    [
        ({}, "connected to ws://h:81/ws, after 12.0 ms"),
        ({"subprotocol": "chat"}, "after 12.0 ms, subprotocol chat"),
        ({"declined": ("a", "b")}, "no subprotocol (offered: a, b; a browser would fail"),
        ({"deflate": PerMessageDeflate()}, "after 12.0 ms, permessage-deflate"),
    ],
)
def test_an_opening_is_described_with_its_agreement(agreed, words):
    assert words in describe_opening(opened(**agreed).opening, 0.012)


@pytest.mark.parametrize(
    ("address", "shown"), [("10.0.0.1:81", True), ("h:81", False), (None, False)]
)
def test_the_address_is_shown_unless_the_url_has_it(address, shown):
    opening = opened().opening
    opening.address = address
    assert (" at " in describe_opening(opening, 0.1)) == shown


def test_the_time_between_two_connections_is_a_line_as_wide_as_the_terminal():
    shown = display(60)
    shown.opened(opened())
    assert "──" not in drawn(shown)
    shown.ended(end(105.0))
    drawn(shown)
    shown.opened(opened(107.25))
    rule, *_ = drawn(shown).splitlines()
    assert rule.startswith("── 2.2 s without a connection ──")
    assert len(rule) == 60


def test_a_wide_terminal_has_no_line_of_more_than_80_columns_between_connections():
    shown = display(200)
    shown.ended(end())
    shown.opened(opened(110.0))
    assert max(map(len, drawn(shown).splitlines()[:2])) == 80


@pytest.mark.parametrize("announces", [True, False])
def test_openings_and_ends_are_announced_unless_another_sink_shows_them(announces):
    shown = display(announces=announces)
    shown.opened(opened())
    shown.ended(end())
    text = drawn(shown)
    assert ("connected to" in text) == announces
    assert ("closed with 1000" in text) == announces


def test_remarks_are_broken_between_words_and_escaped():
    shown = display(30)
    shown.note("a remark of \x1b[2J more words than there is room for")
    rows = drawn(shown).splitlines()
    assert rows[0].startswith("* a remark of ␛[2J")
    assert max(map(cell_width, rows)) <= 30
    assert len(rows) == 2


# Messages


@pytest.mark.parametrize(
    ("messages", "bare", "words"),
    [(True, False, ["in", "out"]), (False, False, []), (True, True, ["in"])],
)
def test_messages_of_both_directions_are_shown_unless_raw_or_json_is_wanted(messages, bare, words):
    shown = display(messages=messages)
    shown.view.bare = bare
    pipeline = shown.pipeline()
    pipeline.batch(Batch(True, 0, 0, [Messages(1, [b"in"])]))
    pipeline.batch(Batch(False, 0, 0, [Messages(1, [b"out"])]))
    assert [line.split()[-1] for line in drawn(shown).splitlines()] == words
    assert shown.journal.last == 2


@pytest.mark.parametrize(
    ("rows", "cut_at", "limit"),
    [(40, None, 20), (10, None, 8), (1, None, 8), (40, 3, 3), (10, 100, 100)],
)
def test_a_message_is_cut_to_half_the_screen_or_to_the_users_limit(rows, cut_at, limit):
    shown = display()
    shown.cut_at = cut_at
    shown.fit(100, rows)
    assert (shown.view.rows, shown.view.width) == (limit, 100)


def test_a_message_is_cut_on_arrival_and_shown_in_full_on_request():
    shown = display()
    shown.fit(80, 16)
    shown.pipeline().batch(Batch(True, 0, 0, [Messages(1, [b"\n".join([b"line"] * 30)])]))
    assert drawn(shown).count("line\n") == 8
    shown.show_again(shown.journal.entries())
    assert drawn(shown).count("line\n") == 8
    shown.show(shown.journal.entries())
    assert drawn(shown).count("line\n") == 30


def test_an_error_for_a_missing_message_names_the_range_that_is_kept():
    journal = Journal()
    with pytest.raises(UsageError) as caught:
        journal.find(1, 1)
    assert caught.value.hint == "no message is kept"
    journal.keep(Batch(True, 0, 0, []), Messages(1, [b"a", b"b", b"c"]))
    for first, last in ((4, 4), (3, 2)):
        with pytest.raises(UsageError) as caught:
            journal.find(first, last)
        assert caught.value.hint == "messages 1 to 3 are kept"
    assert [entry.number for entry in journal.find(2, 99)] == [2, 3]


# Control frames


def control(shown, *batches):
    for incoming, elapsed, item in batches:
        shown.batch(Batch(incoming, 0, elapsed, [item]))
    return drawn(shown).splitlines()


def test_only_pongs_for_the_users_pings_are_shown_with_their_time():
    shown = display()
    shown.expect(b"mine")
    lines = control(
        shown,
        (False, 0, Ping(b"mine")),
        (True, 0, Pong(b"mine", 0.0125)),
        (True, 0, Pong(b"keepalive", 0.1)),
        (False, 0, Pong(b"theirs", None)),
    )
    assert [re.sub(" +", " ", line) for line in lines] == [
        "→ TIME ping 4 B mine",
        "← TIME pong 4 B 12.50 ms mine",
    ]


@pytest.mark.parametrize("payload", [b"\x00\x01", b"\xff\xfe", b"a\x1bb", b""])
def test_a_payload_that_is_not_text_is_left_out_of_the_line_for_a_ping(payload):
    (line,) = control(display(), (True, 0, Ping(payload)))
    assert re.fullmatch(r"← +TIME ping +\d B\s*", line)


def test_a_new_connection_shows_its_first_ping():
    shown = display()
    assert len(control(shown, (True, 0.0, Ping(b"1")), (True, 5.0, Ping(b"2")))) == 1
    shown.opened(opened())
    drawn(shown)
    assert control(shown, (True, 0.5, Ping(b"3"))) != []


def test_only_the_latest_expected_payloads_are_remembered():
    shown = display(announces=False)
    for number in range(1001):
        shown.expect(b"%d" % number)
    lines = control(shown, *((True, 0, Pong(b"%d" % n, None)) for n in (0, 1, 1000)))
    assert [line.split()[-1] for line in lines] == ["1", "1000"]


def forged(*frames):
    """Return the lines drawn for sent frames."""
    shown = display(200)
    data = b"".join(frame.to_bytes() for frame in frames)
    left = items(Receiver(Role.SERVER, frames=True, strict=False), data)
    shown.pipeline().batch(Batch(False, 0, 0, left))
    return drawn(shown)


def test_an_ordinary_frame_is_shown_as_its_message_only():
    text = forged(Frame(1, b"hello", mask_key=KEY))
    assert re.findall("TIME ([a-z]+)", text) == ["text"]


def test_a_fragment_is_shown_as_a_frame_and_its_message_when_complete():
    text = forged(Frame(1, b"a", fin=False, mask_key=KEY), Frame(0, b"b", mask_key=KEY))
    assert re.findall("TIME ([a-z]+)", text) == ["frame", "frame", "text"]
    assert text.endswith("  ab\n")


def test_a_frame_that_breaks_a_rule_is_followed_by_the_rule():
    frame, rule = forged(Frame(3, b"x", mask_key=KEY)).splitlines()
    assert "reserved-0x3  fin  rsv 000  mask 01020304" in frame
    assert re.fullmatch("[*] RFC 6455 §.*: we sent a frame with a reserved opcode", rule)


# The toolbar


def toolbar(state=LinkState.OPEN, *, retry=None, agreement=None, host="h", rtt=None):
    session = agreement and SimpleNamespace(opening=SimpleNamespace(agreement=agreement))
    stats = Stats()
    stats.rtts.extend([] if rtt is None else [rtt])
    return Toolbar(SimpleNamespace(state=state, retry=retry, session=session), stats, host)


def text_of(bar, width=200):
    return "".join(text for _, text in bar.fragments(width))


AGREED = Agreement("chat", "permessage-deflate", PerMessageDeflate(), ())


def test_the_toolbar_of_an_open_connection_shows_the_agreement():
    text = text_of(toolbar(agreement=AGREED, rtt=0.0042))
    assert text == "● open  h  chat  deflate  ↑ 0 · 0 B  ↓ 0 · 0 B  rtt 4.20 ms"
    text = text_of(toolbar(agreement=Agreement(None, None, None, ())))
    assert "no subprotocol  no compression" in text
    assert text.endswith("rtt –")


@pytest.mark.parametrize("state", LinkState)
def test_the_toolbar_names_the_state_unless_reconnecting(state):
    assert text_of(toolbar(state)).startswith(f"● {state.value}  h")
    again = text_of(toolbar(state, retry=Retry(3, 0.0, "refused")))
    assert again.startswith("● reconnecting  h  attempt 3  refused")


@pytest.mark.parametrize("width", [1, 8, 19])
def test_a_toolbar_without_room_is_a_dot_in_the_colour_of_the_state(width):
    assert toolbar(LinkState.CLOSED).fragments(width) == [("class:state.closed", "●")]
    assert "closed" in text_of(toolbar(LinkState.CLOSED), 20)


@given(
    st.integers(20, 120),
    st.text(st.sampled_from("ab漢é.\x1b"), min_size=1, max_size=60),
    st.none() | st.just(AGREED),
)
def test_no_line_of_the_toolbar_is_wider_than_the_terminal(width, host, agreement):
    text = text_of(toolbar(host=host.replace("\x1b", ""), agreement=agreement), width)
    assert max(map(cell_width, text.split("\n"))) <= width


# The prompt


def suggestion(line, typed, columns=20):
    history = LineHistory(None, pytest.fail)
    history.append(line)
    buffer = Buffer(history=PromptHistory(history))
    buffer.history.append_string(line)
    found = LineSuggester(lambda: columns).get_suggestion(buffer, Document(typed))
    return found and found.text


@pytest.mark.parametrize(
    ("line", "typed", "rest"),
    [
        ("subscribe a", "sub", "scribe a"),
        ("subscribe a", "", None),
        ("subscribe a", "x", None),
        ("s" + "x" * 20, "s", "x" * 20),
        ("s" + "x" * 21, "s", None),
    ],
)
def test_the_rest_of_an_earlier_line_is_suggested_if_it_fits_a_row(line, typed, rest):
    assert suggestion(line, typed) == rest


@pytest.mark.parametrize(
    ("inputrc", "mode"),
    [
        ("SET editing-mode vi", "EMACS"),
        ("set editing-mode VI", "VI"),
        ("set editing-mode emacs-standard", "EMACS"),
        ("$endif\nset editing-mode vi", "VI"),
        ("$if a\n$if b\n$endif\nset editing-mode vi\n$endif", "EMACS"),
        ("set editing-mode vi\n$if a\nset editing-mode emacs\n$endif", "VI"),
    ],
)
def test_nested_blocks_of_an_inputrc_are_ignored(inputrc, mode):
    assert read_editing_mode(inputrc).name == mode
