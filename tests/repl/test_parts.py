"""The parts of the session that need no terminal."""

import itertools
import re
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode

from tests.waiting import wait_until
from wscli.errors import UsageError
from wscli.net.clock import Clock
from wscli.payload.matching import parse_matcher
from wscli.repl.commands import COMMANDS
from wscli.repl.commands.frame_syntax import parse_frame
from wscli.repl.commands.sending import parse_close
from wscli.repl.commands.table import find_command, is_command, split_command
from wscli.repl.completion import LineCompleter, PromptHistory
from wscli.repl.display import Display, DrawQueue, PinnedContent, SkippedContent
from wscli.repl.editor import edit_text
from wscli.repl.history import LineHistory
from wscli.repl.journal import Journal
from wscli.repl.link import Retry
from wscli.repl.notices import DisplayOptions, describe_retry
from wscli.repl.prompt import breaks_rows, find_editing_mode, read_editing_mode
from wscli.repl.terminal import BatchPace
from wscli.session.events import Batch
from wscli.session.pipeline import Pipeline, Sink, StageContext
from wscli.sinks.human.messages import Entry, MessageView
from wscli.sinks.human.palette import Palette
from wscli.wire.events import Messages, Ping

# The commands of the contract; a new command is added here.
CONTRACT = (
    "text binary json ping pong close frame resend replay headers stats hex pretty cut filter show "
    "save record history open reconnect edit help quit"
)


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("hello", None),
        (" /hello", None),
        ("//hello", None),
        ("///", None),
        ("/", ("", "")),
        ("/ping", ("ping", "")),
        ("/ping  a b ", ("ping", " a b ")),
        ("/json\n{\n}", ("json", "{\n}")),
        ("/close\t4001", ("close", "4001")),
    ],
)
def test_a_line_is_text_or_a_command_with_its_argument(line, meaning):
    assert (split_command(line) if is_command(line) else None) == meaning


def test_every_command_of_the_contract_exists_and_has_help():
    assert list(COMMANDS) == CONTRACT.split()
    for found in COMMANDS.values():
        assert found.summary.endswith(".")
        assert len(found.summary) <= 54


def drawn(display):
    """Return everything that is waiting to be drawn."""
    pieces = []
    while display.waiting:
        pieces.append(display.draw(1 << 20))
    return "".join(pieces)


def drawn_help(width, *names):
    display = Display(MessageView(Palette(colour=False), width), Clock(), lambda: None)
    for name in names:
        COMMANDS["help"].run(SimpleNamespace(display=display), name)
    return drawn(display)


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_the_help_fits_the_terminal_and_breaks_no_word(width):
    rows = drawn_help(width, "", *COMMANDS)
    assert rows.split() == drawn_help(200, "", *COMMANDS).split()
    assert [row for row in rows.splitlines() if len(row) > width] == []


def test_each_command_is_one_row_of_the_help_at_80_columns():
    rows = drawn_help(80, "").splitlines()
    assert [row.split()[0] for row in rows[: len(COMMANDS)]] == [f"/{name}" for name in COMMANDS]


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("name", ["text", "filter", "save", "record"])
def test_a_paragraph_of_the_help_fills_its_rows(name, width):
    rows = drawn_help(width, name).splitlines()[1:]
    paragraph = [row for row in itertools.takewhile(str.strip, rows) if row[2] != " "]
    for row, following in itertools.pairwise(paragraph):
        assert len(row) + 1 + len(following.split()[0]) > width


def test_rows_of_a_table_and_examples_of_the_help_stay_apart():
    rows = drawn_help(80, "frame").splitlines()
    assert "  --no-mask           send it unmasked, as only a server may" in rows
    assert '  /frame --no-fin "in two "' in rows


@pytest.mark.parametrize(
    ("name", "hint"),
    [("bnary", "/binary"), ("s", "/stats"), ("quite", "/quit"), ("zzz", "/help lists them")],
)
def test_an_unknown_command_suggests_the_nearest(name, hint):
    with pytest.raises(UsageError) as raised:
        find_command(name)
    assert raised.value.hint.startswith(hint)


def test_a_frame_is_masked_text_by_default():
    frame = parse_frame("hello", str.encode)
    assert (frame.opcode, frame.fin, frame.rsv, frame.payload) == (1, True, 0, b"hello")
    assert len(frame.mask_key) == 4


@pytest.mark.parametrize(
    ("argument", "field", "value"),
    [
        ("--opcode 0xb x", "opcode", 11),
        ("--opcode 7 x", "opcode", 7),
        ("--opcode pong x", "opcode", 10),
        ("--rsv 1 x", "rsv", 4),
        ("--rsv 2,3 x", "rsv", 3),
        ("--no-fin x", "fin", False),
        ("--no-mask x", "mask_key", None),
        ("--mask-key 00000000 x", "mask_key", bytes(4)),
        ("--mask-key 0x01020304 x", "mask_key", b"\1\2\3\4"),
        ("--length-bits 16 x", "length_form", 16),
        ('"  two  spaces "', "payload", b"  two  spaces "),
        ("'it is'", "payload", b"it is"),
        ('{"a": 1}', "payload", b'{"a": 1}'),
        ("-- --no-fin", "payload", b"--no-fin"),
        ("", "payload", b""),
    ],
)
def test_each_option_of_a_frame(argument, field, value):
    assert getattr(parse_frame(argument, str.encode), field) == value


@pytest.mark.parametrize(
    "argument",
    [
        "--opcode",
        "--opcode 16 x",
        "--opcode huh x",
        "--rsv 4 x",
        "--mask-key 0011 x",
        "--mask-key zz x",
        "--length-bits 8 x",
        "--length-bits 7 " + "x" * 126,
        "--length-bits 16 " + "x" * 65536,
        "--unknown",
    ],
)
def test_an_invalid_option_of_a_frame_is_refused(argument):
    with pytest.raises(UsageError):
        parse_frame(argument, str.encode)


@pytest.mark.parametrize(
    ("argument", "meaning"),
    [
        ("", (1000, "")),
        ("4001", (4001, "")),
        ("1000 see you  later", (1000, "see you  later")),
        ("3000 " + "ü" * 61, (3000, "ü" * 61)),
    ],
)
def test_close_has_a_code_and_a_reason(argument, meaning):
    assert parse_close(argument) == meaning


@pytest.mark.parametrize("argument", ["x", "999", "1004", "1005", "5000", "1000 " + "ü" * 62])
def test_a_close_that_may_not_be_sent_is_refused(argument):
    with pytest.raises(UsageError):
        parse_close(argument)


def entry(number):
    return Entry(True, 0.0, 1, b"x", number)


def drain(waiting):
    return list(iter(waiting.take, None))


def test_a_draw_queue_gives_what_was_put_in_order():
    waiting = DrawQueue()
    waiting.put([entry(1), "text\n"])
    waiting.put([entry(2)])
    assert drain(waiting) == [entry(1), "text\n", entry(2)]
    assert not waiting


def test_a_full_draw_queue_skips_the_oldest_and_counts_it_first():
    waiting = DrawQueue(limit=3)
    waiting.put(["one\ntwo\n", *map(entry, range(1, 6))])
    assert drain(waiting) == [SkippedContent(2, 1, 2, 2), entry(3), entry(4), entry(5)]


def test_a_draw_queue_is_limited_in_bytes_but_holds_at_least_one_content():
    waiting = DrawQueue(max_bytes=2)
    waiting.put(map(entry, range(1, 5)))
    assert drain(waiting) == [SkippedContent(2, 1, 2, 0), entry(3), entry(4)]
    waiting.put(["a long line\n"])
    assert drain(waiting) == ["a long line\n"]


def test_pinned_content_is_never_skipped_and_keeps_its_place():
    waiting = DrawQueue(limit=2)
    waiting.put(
        [PinnedContent("first\n"), entry(1), PinnedContent(entry(2)), entry(3), entry(4), entry(5)]
    )
    assert drain(waiting) == [
        PinnedContent("first\n"),
        SkippedContent(1, 1, 1, 0),
        PinnedContent(entry(2)),
        SkippedContent(1, 3, 3, 0),
        entry(4),
        entry(5),
    ]
    assert not waiting


CONTENTS = st.lists(st.sampled_from(["message", "line", "pinned"]), max_size=30)


@given(CONTENTS, st.integers(1, 8))
def test_queued_content_is_drawn_or_counted_as_skipped_in_order(kinds, limit):
    make = {
        "message": entry,
        "line": lambda number: f"{number}\n",
        "pinned": lambda number: PinnedContent(f"{number}\n"),
    }
    queued = [make[kind](number) for number, kind in enumerate(kinds)]
    drawn_queue = DrawQueue(limit=limit)
    for content in queued:
        drawn_queue.put([content])
    taken = drain(drawn_queue)
    kept = [content for content in taken if not isinstance(content, SkippedContent)]
    skipped = [content for content in taken if isinstance(content, SkippedContent)]
    assert kept == [content for content in queued if content in kept]
    assert [content for content in queued if isinstance(content, PinnedContent)] == [
        content for content in kept if isinstance(content, PinnedContent)
    ]
    assert len(kept) + sum(gap.messages + gap.lines for gap in skipped) == len(queued)


@pytest.mark.parametrize(
    ("skipped", "line"),
    [
        (SkippedContent(1, 7, 7), "… 1 message was not drawn: /show 7"),
        (SkippedContent(2000, 7, 2010), "… 2,000 messages were not drawn: /show 7-2010"),
        (SkippedContent(lines=1), "… 1 line was not drawn"),
        (
            SkippedContent(2, 1, 2, 3),
            "… 2 messages were not drawn: /show 1-2; 3 lines were not drawn",
        ),
    ],
)
def test_skipped_messages_are_described_with_the_command_that_shows_them(skipped, line):
    assert skipped.describe() == line


def test_a_slow_terminal_gets_smaller_batches_down_to_a_limit_and_larger_ones_again():
    pace = BatchPace()
    largest = pace.size
    sizes = []
    for _ in range(10):
        pace.begin()
        pace.end(writing=1.0)
        sizes.append(pace.size)
    assert sizes[:2] == [largest // 2, largest // 4]
    assert sizes[-1] == sizes[-2] == 1024
    for _ in range(10):
        pace.begin()
        pace.end(writing=0.0)
    assert pace.size == largest


def test_the_next_batch_is_due_later_the_longer_the_last_one_took():
    pace = BatchPace()
    pace.begin()
    pace.skip()
    soon = pace.next_at - time.monotonic()
    assert 0 < soon <= 0.05
    pace.begin()
    wait_until(pace.is_late)
    pace.end(writing=0.0)
    assert pace.next_at - time.monotonic() > 0.05


@pytest.mark.parametrize(
    ("retry", "parts"),
    [
        (Retry(1, 0.0, ""), ["attempt 1"]),
        (Retry(3, 0.0, "connection refused"), ["attempt 3", "connection refused"]),
    ],
)
def test_an_attempt_that_has_begun_is_described_without_a_time(retry, parts):
    assert describe_retry(retry) == parts


def test_an_attempt_to_come_is_described_with_the_time_left():
    assert describe_retry(Retry(2, time.monotonic() + 100, ""))[1].startswith("again in 100.0 s")


def test_the_prompt_offers_the_latest_line_first_and_keeps_new_ones():
    lines = LineHistory(None, pytest.fail)
    history = PromptHistory(lines)
    history.store_string("one")
    history.store_string("two")
    assert history.load_history_strings() == ["two", "one"]
    assert lines.lines == ["one", "two"]


def test_the_inputrc_of_the_environment_comes_before_that_of_the_home(tmp_path):
    named, home = tmp_path / "named", tmp_path / ".inputrc"
    home.write_text("set editing-mode vi")
    assert find_editing_mode({"HOME": str(tmp_path)}) is EditingMode.VI
    named.write_text("set editing-mode emacs")
    environ = {"HOME": str(tmp_path), "INPUTRC": str(named)}
    assert find_editing_mode(environ) is EditingMode.EMACS


def test_a_long_text_is_drawn_piece_by_piece_cut_at_lines():
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    text = "".join(f"line {number}\n" for number in range(2000))
    display.say(text.removesuffix("\n"))
    pieces = []
    while display.waiting:
        pieces.append(display.draw(50))
    assert "".join(pieces) == text
    assert all(piece.endswith("\n") for piece in pieces)
    assert all(len(piece) < 70 for piece in pieces[:-1])
    assert len(pieces) > 50


def test_a_message_is_drawn_in_one_piece_however_small_the_batch():
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    payloads = [b'{"seq": %d, "name": "%s"}' % (number, b"x" * 60) for number in range(20)]
    display.pipeline().batch(Batch(True, 0, 0, [Messages(1, payloads)]))
    while display.waiting:
        piece = display.draw(10)
        assert re.fullmatch(r"← .*\n  \{\n    .*\n    .*\n  \}\n", piece)


def test_a_journal_keeps_the_latest_within_its_limits():
    journal = Journal(max_bytes=10, max_messages=3)
    pipeline = Pipeline([journal], [])
    pipeline.batch(Batch(True, 0, 0, [Messages(1, [b"1", b"22"]), Messages(1, [b"333"])]))
    pipeline.batch(Batch(False, 0, 0, [Messages(1, [b"4444"])]))
    assert [kept.number for kept in journal.entries()] == [2, 3, 4]
    pipeline.batch(Batch(True, 0, 0, [Messages(1, [b"55555"])]))
    assert [kept.number for kept in journal.entries()] == [4, 5]
    assert [kept.number for kept in journal.find(1, 4)] == [4]
    with pytest.raises(UsageError, match="message 1 is no longer kept"):
        journal.find(1, 1)
    with pytest.raises(UsageError, match="there is no message 6"):
        journal.find(6, 6)


@pytest.mark.parametrize(
    ("inputrc", "mode"),
    [
        ("", "emacs"),
        ("set editing-mode vi", "vi"),
        ("# set editing-mode vi", "emacs"),
        ("set editing-mode vi\nset editing-mode emacs", "emacs"),
        ("$if Bash\n  set editing-mode vi\n$endif", "emacs"),
        ("$if Bash\n$endif\n  set  editing-mode  vi  # mine", "vi"),
    ],
)
def test_the_editing_mode_is_read_from_an_inputrc(inputrc, mode):
    assert read_editing_mode(inputrc) == EditingMode[mode.upper()]


def completions(text, history=()):
    lines = LineHistory(None, pytest.fail)
    for line in history:
        lines.append(line)
    completer = LineCompleter(lines)
    return [
        text[: len(text) + found.start_position] + found.text
        for found in completer.get_completions(Document(text), CompleteEvent())
    ]


def test_commands_are_completed_and_their_words():
    assert completions("/st") == ["/stats"]
    assert completions("/he") == ["/headers", "/hex ", "/help "]
    assert completions("/hex o") == ["/hex on", "/hex off"]
    assert completions("/frame --m") == ["/frame --mask-key"]
    assert completions("/frame --opcode p") == ["/frame --opcode ping", "/frame --opcode pong"]
    assert "/frame --opcode --opcode" not in completions("/frame --opcode ")
    assert completions("/frame --rsv 1 --length-bits ") == [
        f"/frame --rsv 1 --length-bits {bits}" for bits in (7, 16, 64)
    ]
    assert completions("/cut o") == ["/cut off"]
    codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009]
    assert completions("/close 100") == [f"/close {code}" for code in codes]
    assert completions("/help rec") == ["/help record", "/help reconnect"]
    assert completions("/unknown x") == []


def test_file_names_are_completed(tmp_path):
    (tmp_path / "message.json").touch()
    assert completions(f"/binary @{tmp_path}/mess") == [f"/binary @{tmp_path}/message.json"]
    assert completions(f"/save {tmp_path}/mess") == [f"/save {tmp_path}/message.json"]


def test_lines_sent_before_are_completed_the_latest_first():
    history = ["sub a", "other", "sub b", "sub a"]
    assert completions("sub", history) == ["sub a", "sub b"]
    assert completions("", history) == []
    assert completions("//x", ["//xyz"]) == ["//xyz"]


def pings(display, count, interval):
    """Return the lines drawn for pings that come at an interval."""
    for number in range(count):
        display.batch(Batch(True, 0, number * interval, [Ping(b"%d" % number)]))
    return re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", drawn(display)).splitlines()


def test_a_ping_of_the_peer_is_shown_and_many_are_folded():
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    assert pings(display, 25, 1.0) == [
        "←       TIME ping        1 B  0",
        "←       TIME ping        2 B  10  (9 more since the last)",
        "←       TIME ping        2 B  20  (9 more since the last)",
    ]
    verbose = Display(
        MessageView(Palette(colour=False), 80),
        Clock(),
        lambda: None,
        DisplayOptions(every_ping=True),
    )
    assert len(pings(verbose, 25, 1.0)) == 25


def test_pings_of_the_peer_are_not_shown_with_raw_or_quiet():
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    display.view.bare = True
    assert pings(display, 25, 1.0) == []
    quiet = Display(
        MessageView(Palette(colour=False), 80),
        Clock(),
        lambda: None,
        DisplayOptions(announces=False),
    )
    assert pings(quiet, 25, 1.0) == []


def test_pings_at_a_low_rate_are_all_shown():
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    assert len(pings(display, 5, 20.0)) == 5


def test_a_filter_that_takes_too_long_is_switched_off_and_its_message_shown():
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    display.filter.matcher = parse_matcher("^(a|aa)+$")
    complaints, pipeline = [], display.pipeline()
    pipeline.attach(StageContext(complain=complaints.append))
    pipeline.batch(Batch(True, 0, 0, [Messages(1, [b"b", b"a" * 40 + b"!", b"c"])]))
    shown = drawn(display)
    assert re.findall(r"  (b|a+!|c)$", shown, re.MULTILINE) == ["a" * 40 + "!", "c"]
    (complaint,) = complaints
    assert "message of 41 characters, number 2: the filter is off" in complaint.what


def filtered(pattern, *batches):
    """Return the items that pass a journal and then a filter."""
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    display.filter.matcher = parse_matcher(pattern) if pattern else None
    passed = []
    sink = Sink()
    sink.batch = lambda batch: passed.extend(batch.items)
    pipeline = Pipeline([display.journal, display.filter], [sink])
    for batch in batches:
        pipeline.batch(batch)
    return passed


def test_a_filtered_message_keeps_the_number_that_the_journal_gave_it():
    messages = Messages(1, [b"trade 1", b"quote 2", b"trade 3", b"quote 4"])
    (passed,) = filtered("quote", Batch(True, 5.0, 1.0, [messages]))
    assert passed.payloads == [b"quote 2", b"quote 4"]
    assert passed.entries == [
        Entry(True, 5.0, 1, b"quote 2", 2, 1.0),
        Entry(True, 5.0, 1, b"quote 4", 4, 1.0),
    ]
    assert [message.text for message in passed.decoded] == ["quote 2", "quote 4"]


def test_a_filter_passes_sent_messages_and_control_frames():
    sent, came = Messages(1, [b"sent"]), Messages(1, [b"came"])
    passed = filtered("x", Batch(False, 0, 0, [sent]), Batch(True, 0, 0, [Ping(b""), came]))
    assert passed[0].payloads == [b"sent"]
    assert passed[1:] == [Ping(b"")]


def test_without_a_pattern_every_message_passes_with_its_number():
    (passed,) = filtered(None, Batch(True, 0, 0, [Messages(2, [b"a", b"b"])]))
    assert (passed.opcode, passed.payloads) == (2, [b"a", b"b"])
    assert [entry.number for entry in passed.entries] == [1, 2]


def editor_hint(environ, monkeypatch, installed):
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name in installed else None)
    with pytest.raises(UsageError) as raised:
        edit_text("", environ)
    return raised.value.hint


def test_the_hint_for_a_missing_editor_names_one_that_is_installed(monkeypatch):
    missing = {"EDITOR": "/nonexistent/nano"}
    assert editor_hint(missing, monkeypatch, ["vim"]) == "EDITOR=vim"
    assert editor_hint(missing, monkeypatch, ["nano", "vim"]) == "EDITOR=nano"
    assert "/text @FILE" in editor_hint(missing, monkeypatch, [])


@pytest.mark.parametrize(
    ("environ", "breaks"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "XTERM_VERSION": "XTerm(379)"}, False),
        ({"TERM": "screen-256color", "TMUX": "socket,1,0"}, True),
        ({"TERM": "screen", "STY": "1.pts"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "vt100"}, False),
        ({"TERM": "rxvt-unicode"}, False),
    ],
)
def test_terminals_that_cut_rows_when_made_narrower_are_recognised(environ, breaks):
    assert breaks_rows(environ) is breaks
