"""The page of a recording, in a real browser."""

import json
from itertools import pairwise

import pytest

from tests.browser import browsing, find_chromium
from tests.recorded import (
    HOSTILE,
    OPENED,
    START,
    batch,
    closed,
    long_session,
    message,
    of_connection,
    opened,
    opening,
)
from tests.streams import items
from tests.waiting import wait_until
from wscli.net.opening import OpeningStep
from wscli.session.events import Failed, Step
from wscli.sinks.html import page_lines, write_page
from wscli.text import visible
from wscli.wire.closing import Side
from wscli.wire.codes import Role
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.head import parse_response
from wscli.wire.receiver import Receiver

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium here")

MANY = 10_000
TEXT_KEYS = {"Enter": "\r", " ": " "}

SHOWN_ROWS = """[...document.querySelectorAll("SELECTOR .row:not([hidden])")]
    .sort((one, other) => one.rowIndex - other.rowIndex)
    .map((row) => [...row.children].map((cell) => cell.textContent))"""
SHOWN_NODES = """[...document.querySelectorAll(".node:not([hidden])")]
    .sort((one, other) => one.rowIndex - other.rowIndex)
    .map((row) => [...row.children].slice(1).map((cell) => cell.textContent).filter(Boolean))
    .map((cells) => cells.join(": "))"""
IS_IDLE = "page?.loaded && page.filter.done && !page.drawing"


@pytest.fixture(scope="module")
def browser():
    with browsing() as tab:
        yield tab


class RecordingPage:
    """What a person sees of a page, and does with it."""

    def __init__(self, tab):
        self.tab = tab

    def open(self, path, events):
        with path.open("wb") as output:
            write_page(events, output, "session.jsonl")
        self.tab.look(1280, 900)
        self.tab.open(path.as_uri())
        self.tab.complaints.clear()
        self.settle()

    def settle(self):
        """Wait until everything is drawn."""
        wait_until(lambda: self.tab.run(IS_IDLE))

    def text(self, selector):
        return self.tab.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def value(self, selector, name):
        return self.tab.run(f"document.querySelector({json.dumps(selector)}).{name}")

    def is_shown(self, selector):
        return self.tab.run(f"document.querySelector({json.dumps(selector)}).checkVisibility()")

    def click(self, selector):
        self.tab.run(f"document.querySelector({json.dumps(selector)}).click()")
        self.settle()

    def press(self, *keys):
        for key in keys:
            text = key if len(key) == 1 else TEXT_KEYS.get(key, "")
            self.tab.command("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
            self.tab.command("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.settle()

    def type(self, selector, text):
        """Type a text in place of what is there."""
        self.tab.run(f"document.querySelector({json.dumps(selector)}).select()")
        self.tab.command("Input.insertText", text=text)
        if not text:
            self.press("Backspace")
        self.settle()

    def drag(self, selector, start, end):
        """Drag the mouse across an element, from one part of its width to another."""
        script = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()"
        box = self.tab.run(script)
        kinds = (("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end))
        for kind, part in kinds:
            x, y = box["x"] + part * box["width"], box["y"] + box["height"] / 2
            self.tab.command(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )
        self.settle()

    @property
    def rows(self):
        """The rows that can be seen: number, time, arrow, type, size and payload of each."""
        return [cells[1:] for cells in self.tab.run(SHOWN_ROWS.replace("SELECTOR", "#rows"))]

    @property
    def connections(self):
        return [
            cells[:-1] for cells in self.tab.run(SHOWN_ROWS.replace("SELECTOR", "#connections"))
        ]

    @property
    def nodes(self):
        """The rows of the JSON tree."""
        return self.tab.run(SHOWN_NODES)

    @property
    def count(self):
        return self.text("#count")

    def select(self, number):
        """Click the row of a message that can be seen."""
        wanted = f"(row) => row.children[1].textContent === {json.dumps(f'{number:,}')}"
        rows = "[...document.querySelectorAll('#rows .row:not([hidden])')]"
        self.tab.run(f"{rows}.find({wanted}).click()")
        self.settle()

    def form(self, name):
        self.click(f"[data-form={name}]")

    @property
    def selected(self):
        """The payload of the row that is selected."""
        return self.text("#rows [aria-selected=true]:not([hidden]) .payload")


@pytest.fixture
def show(browser, tmp_path):
    """Return a function that shows some events in the browser's only tab."""
    page = RecordingPage(browser)

    def show_events(*events, connection=1):
        page.open(tmp_path / "page.html", of_connection(connection, *events))
        return page

    yield show_events
    browser.open("about:blank")


@pytest.fixture
def show_recorded(browser, tmp_path):
    """Return a function that shows events that have their connections."""
    page = RecordingPage(browser)
    yield lambda events: page.open(tmp_path / "page.html", events) or page
    browser.open("about:blank")


@pytest.fixture(scope="module")
def many_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "many.html"
    with path.open("wb") as output:
        write_page(long_session(MANY), output, "many.jsonl")
    return path


@pytest.fixture
def many(browser, many_path):
    """The page of 10,000 messages."""
    browser.look(1280, 900)
    browser.open(many_path.as_uri())
    browser.complaints.clear()
    page = RecordingPage(browser)
    page.settle()
    yield page
    browser.open("about:blank")


# The list


def test_every_message_is_listed_and_the_last_can_be_reached(many):
    assert many.count == "10,000 shown"
    assert many.value("#rows", "ariaRowCount") == "10001"
    assert many.rows[0][:5] == ["1", "0.100", "↑", "text", "87 B"]
    many.tab.run("document.querySelector('#rows').scrollTop = 1e9")
    wait_until(lambda: many.rows[-1][0] == "10,000")
    assert many.rows[-1][1] == "9.899"


def test_only_the_rows_that_can_be_seen_are_elements(many):
    assert many.tab.run("document.querySelectorAll('#rows .row').length") < 100


def test_a_list_of_100_000_messages_is_searched_and_scrolled(show):
    payloads = [f'{{"id": {number}}}'.encode() for number in range(100_000)]
    page = show(opened(), batch(Messages(1, payloads)), closed())
    assert page.count == "100,000 shown"
    page.type("#query", "99998}")
    assert [row[0] for row in page.rows] == ["99,999"]
    page.type("#query", "")
    page.tab.run("document.querySelector('#rows').scrollTop = 1e9")
    wait_until(lambda: page.rows[-1][0] == "100,000")


def test_a_list_that_is_taller_than_an_element_can_be_is_scrolled_to_its_end(many):
    script = """(() => {
        const scroller = make("div", "list");
        scroller.style.height = "300px";
        document.body.append(scroller);
        const fill = (element, index) => { element.textContent = index; };
        const makeRow = () => make("i", "row");
        const list = new VirtualList(scroller, { rowHeight: 20, make: makeRow, fill });
        list.update(5_000_000);
        scroller.scrollTop = 1e9;
        list.draw();
        const { bottom } = scroller.getBoundingClientRect();
        const last = list.pool.find((row) => row.rowIndex === 4_999_999);
        return [list.atEnd, last.hidden, last.getBoundingClientRect().bottom - bottom];
    })()"""
    at_end, hidden, below = many.tab.run(script)
    assert (at_end, hidden) == (True, False)
    assert abs(below) < 2


def test_the_time_is_that_since_the_dial_or_of_the_day_or_since_the_row_before(show):
    page = show(opened(), message("a", after=1), message("b", after=1.25))
    page.tab.command("Emulation.setTimezoneOverride", timezoneId="UTC")
    assert [row[1] for row in page.rows] == ["1.000", "1.250"]
    page.click("#clock")
    assert [row[1] for row in page.rows] == ["12:00:01.250", "12:00:01.500"]
    page.click("#clock")
    assert [row[1] for row in page.rows] == ["", "+250.0 ms"]


def test_the_first_line_of_a_message_is_shown(show):
    page = show(opened(), message("\n\n  one\ntwo"), message("x" * 1000), message(""))
    assert [row[5] for row in page.rows] == ["one …", "x" * 300 + " …", ""]


def test_binary_messages_are_shown_in_hex(show):
    page = show(opened(), message(b"\x00\xffAB"), message(bytes(20)))
    first, second = (row[3:] for row in page.rows)
    assert first[:2] == ["binary", "4 B"]
    assert first[2].split() == ["00", "ff", "41", "42", "..AB"]
    assert second[2].endswith("  ................ …")


# Filters


def test_a_search_narrows_the_list_and_marks_what_it_found(many):
    many.type("#query", '"id": 4321,')
    assert [row[0] for row in many.rows] == ["4,322"]
    assert many.count == "1 shown"
    assert many.text("#rows mark") == '"id": 4321,'
    many.press("Escape")
    assert many.count == "10,000 shown"


def test_a_search_ignores_case_unless_told_otherwise(show):
    page = show(opened(), message("Hello"), message("hello"))
    page.type("#query", "HELLO")
    assert page.count == "2 shown"
    page.type("#query", "hello")
    page.click("#match-case")
    assert page.count == "1 shown"


def test_a_search_takes_regular_expressions_only_where_told(show):
    page = show(opened(), message("a.c"), message("abc"))
    page.type("#query", "a.c")
    assert page.count == "1 shown"
    page.click("#is-regex")
    assert page.count == "2 shown"


def test_an_invalid_regular_expression_says_so_and_keeps_the_list(many):
    many.click("#is-regex")
    many.type("#query", "id(")
    assert many.text("#invalid") == "Not a regular expression: /id(/iu: Unterminated group"
    assert many.value("#query", "ariaInvalid") == "true"
    assert many.count == "10,000 shown"
    many.type("#query", "id")
    assert not many.is_shown("#invalid")
    assert many.count == "9,000 shown"


def test_a_match_far_into_a_payload_is_seen_in_its_row(show):
    page = show(opened(), message("x" * 500 + "needle" + "y" * 500))
    page.type("#query", "needle")
    assert page.rows[0][5].startswith("…" + "x" * 30 + "needle")


def test_bytes_and_text_are_found_in_binary_messages(show):
    page = show(opened(), message(b"\x01\xff\xfe"), message("Zoë".encode()))
    page.type("#query", "0xfffe")
    assert [row[0] for row in page.rows] == ["1"]
    page.type("#query", "zoë")
    assert [row[0] for row in page.rows] == ["2"]


def test_a_direction_is_chosen(many):
    many.click("[name=direction][value=out]")
    assert many.count == "2,500 shown"
    many.click("[name=direction][value=in]")
    assert many.count == "7,500 shown"


def test_opcodes_are_chosen(many):
    many.click("[value=text]")
    assert many.count == "1,000 shown"
    assert {row[3] for row in many.rows} == {"binary"}


def test_pings_are_shown_on_demand(many):
    many.click("[value=control]")
    assert many.count == "10,200 shown"
    many.click("[value=text]")
    many.click("[value=binary]")
    ping, pong = (row[2:] for row in many.rows[:2])
    assert ping == ["↑", "ping", "4 B", "beat"]
    assert pong == ["↓", "pong", "4 B", "12.5 ms  beat"]


def test_frames_are_shown_on_demand_and_violations_always(show):
    receiver = Receiver(Role.CLIENT, frames=True)
    frames = [Frame(1, b"hello"), Frame(1, b"x", mask_key=b"abcd")]
    received = items(receiver, b"".join(frame.to_bytes() for frame in frames))
    page = show(opened(), message("x")._replace(items=received))
    assert [row[3] for row in page.rows] == ["text", "violation"]
    page.click("[value=frame]")
    assert [row[3] for row in page.rows] == ["frame", "text", "frame", "violation"]
    assert page.rows[0][5].split() == [
        "text",
        "fin",
        "rsv",
        "000",
        "no",
        "mask",
        "7",
        "B",
        "on",
        "the",
        "wire",
        "hello",
    ]


def test_a_kind_that_was_not_recorded_cannot_be_chosen(show):
    page = show(opened(), message("x"))
    assert page.is_shown("[value=text] + span")
    assert not page.is_shown("[value=frame] + span")


def test_seconds_are_chosen_by_their_numbers(many):
    many.type("#range", "1 – 2")
    assert many.count == "1,020 shown"
    assert many.rows[0][1] == "1.001"
    many.type("#range", "9-")
    assert many.rows[0][1] == "9.000"
    many.type("#range", "")
    assert many.count == "10,000 shown"


def test_seconds_are_chosen_by_a_drag_across_the_timeline(many):
    many.drag("#timeline", 0.5, 0.75)
    shown = int(many.count.split()[0].replace(",", ""))
    assert 2_300 < shown < 2_800
    assert 4.8 < float(many.rows[0][1]) < 5.2
    many.press("Escape")
    assert many.count == "10,000 shown"


def test_an_empty_list_says_why(show):
    page = show(opened(), batch(Ping(b"")))
    assert page.text("#nothing") == "No messages; pings and frames can be shown."
    page = show(opened(), message("x"))
    page.type("#query", "y")
    assert page.text("#nothing") == "Nothing matches these filters."


# One message


def test_a_message_opens_as_a_tree_of_json(many):
    many.select(1)
    assert many.text("#detail h2") == "↑ #1 text"
    assert many.nodes[:4] == ["{ 4 members", '"type": "trade"', '"id": 0', '"symbol": "ETH"']
    assert many.nodes[4:7] == ['"fills": [ 2 elements', "0: { 1 member", '"price": 1.5']


def test_json_is_shown_as_it_was_written(show):
    text = '{"10":1.0e5,"2":12345678901234567890,"2":"\\u00e9\\n","e":[],"o":{}}'
    page = show(opened(), message(text))
    page.select(1)
    members = [
        '"10": 1.0e5',
        '"2": 12345678901234567890',
        '"2": "\\u00e9\\n"',
        '"e": []',
        '"o": {}',
    ]
    assert page.nodes == ["{ 5 members", *members]


@pytest.mark.parametrize(
    "text", ['{"a":1', "[1,]", "[01]", '{"a" 1}', '["\x01"]', r'["\x"]', "[]]"]
)
def test_text_that_is_not_json_opens_as_text(show, text):
    page = show(opened(), message(text))
    page.select(1)
    assert page.value("[data-form=json]", "disabled")
    assert page.text("[data-part=plain]") == visible(text)


def test_the_tree_is_walked_and_folded_by_the_keyboard(show):
    page = show(opened(), message('{"a":{"b":[1,2]},"c":3}'))
    page.select(1)
    page.tab.run("document.querySelector('#rows').focus()")
    page.press("Enter", "ArrowDown")
    assert page.text("[data-part=path]") == "$.a"
    page.press("ArrowLeft")
    assert page.nodes == ["{ 2 members", '"a": {…} 1 member', '"c": 3']
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown")
    assert page.text("[data-part=path]") == "$.a.b[1]"
    assert page.value(".node[aria-selected=true]:not([hidden])", "ariaLevel") == "4"
    page.press("ArrowLeft")
    assert page.text("[data-part=path]") == "$.a.b"


def test_all_of_a_tree_is_folded_and_unfolded(show):
    page = show(opened(), message('{"a":{"b":[1,2]},"c":3}'))
    page.select(1)
    page.click("[data-part=collapse]")
    assert page.nodes == ["{ 2 members", '"a": {…} 1 member', '"c": 3']
    page.click("[data-part=expand]")
    assert len(page.nodes) == 6


def test_keys_and_values_of_the_tree_are_found(show):
    page = show(opened(), message(json.dumps({"list": [{"price": n} for n in range(300)]})))
    page.select(1)
    page.type("[data-part=find]", "PRICE")
    assert page.text("[data-part=found]") == "1 of 300"
    assert page.text("[data-part=path]") == "$.list[0].price"
    page.press("Enter", "Enter")
    assert page.text("[data-part=path]") == "$.list[2].price"
    page.type("[data-part=find]", "299")
    assert page.text("[data-part=path]") == "$.list[299].price"
    page.type("[data-part=find]", "nothing")
    assert page.text("[data-part=found]") == "none"


def test_a_string_with_escapes_is_shown_decoded_below_the_tree(show):
    page = show(opened(), message(json.dumps({"text": "one\ntwo \u001b[31m"})))
    page.select(1)
    page.tab.run("page.detail.tree.select(page.detail.tree.nodes[1])")
    assert page.text("[data-part=value]") == "one\ntwo ␛[31m"


def test_json_that_is_nested_deeply_opens(show):
    page = show(opened(), message("[" * 50_000 + "]" * 50_000))
    page.select(1)
    assert page.nodes[0] == "[ 1 element"
    assert page.tab.complaints == []


def test_a_message_opens_as_a_hex_dump(show):
    page = show(opened(), message("hello wörld, in hex"))
    page.select(1)
    page.form("hex")
    lines = page.tab.run(
        "[...document.querySelectorAll('.dump:not([hidden])')].map((row) => row.textContent)"
    )
    assert lines[0].startswith("00000000")
    assert lines[0].endswith("hello w..rld, in")
    assert "68 65 6c 6c 6f 20 77 c3  b6 72 6c 64 2c 20 69 6e" in lines[0]
    assert lines[1].endswith(" hex")


def test_the_form_that_was_chosen_stays_for_the_messages_that_have_it(show):
    page = show(opened(), message('{"a":1}'), message(b"\xff"), message("[2]"))
    page.select(1)
    page.form("text")
    assert page.text("[data-part=plain]") == '{"a":1}'
    page.press("j")
    assert page.value("[data-form=hex]", "ariaSelected") == "true"
    page.press("j")
    assert page.text("[data-part=plain]") == "[2]"


def test_a_large_text_is_shown_in_part_until_all_is_asked_for(show):
    page = show(opened(), message("x" * 1_000_000))
    page.select(1)
    length = "document.querySelector('[data-part=plain]').textContent.length"
    assert page.tab.run(length) < 300_000
    page.click("[data-part=all]")
    assert page.tab.run(length) == 1_000_000


@pytest.mark.parametrize(
    ("form", "copied"),
    [
        ("json", '{"a": 1}'),
        ("text", '{"a": 1}'),
        ("hex", f'00000000  {"7b 22 61 22 3a 20 31 7d":23}  {"":23}  |{{"a": 1}}|'),
    ],
)
def test_a_message_is_copied_in_its_form(show, form, copied):
    page = show(opened(), message('{"a": 1}'))
    page.tab.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.select(1)
    page.form(form)
    page.click("#detail .copy")
    assert page.tab.run("window.copied") == copied


def test_a_pong_has_its_round_trip_and_a_frame_its_header(show):
    frame = Frame(8, b"\x03\xe8bye", mask_key=b"\x37\xfa\x21\x3d")
    page = show(opened(), batch(Pong(b"x", 0.25)), batch(frame, incoming=False))
    page.click("[value=control]")
    page.click("[value=frame]")
    page.press("j")
    assert page.text("[data-part=facts]").split("\n") == ["round trip", "250.0 ms"]
    page.press("j")
    facts = page.text("[data-part=facts]").split("\n")
    assert dict(zip(facts[::2], facts[1::2], strict=True)) == {
        "FIN": "1, the last frame of its message",
        "RSV": "000",
        "mask": "37fa213d",
        "on the wire": "11 bytes",
        "close code": "1000",
        "reason": "bye",
    }


# The keyboard


def test_rows_are_walked_by_the_keyboard(many):
    many.press("j")
    assert '"id": 0,' in many.selected
    many.press("j", "ArrowDown", "k")
    assert '"id": 1,' in many.selected
    many.press("End")
    assert '"id": 9999,' in many.selected
    many.press("PageUp", "Home")
    assert '"id": 0,' in many.selected


def test_a_slash_goes_to_the_search_and_enter_to_what_it_found(many):
    many.press("/")
    assert many.tab.run("document.activeElement.id") == "query"
    many.tab.command("Input.insertText", text='"id": 77,')
    many.settle()
    many.press("Enter")
    assert many.tab.run("document.activeElement.id") == "rows"
    assert '"id": 77,' in many.selected
    assert many.is_shown("#detail")


def test_escape_closes_the_message_and_moving_on_leaves_it_closed(many):
    many.press("j", "Escape")
    assert not many.is_shown("#detail")
    many.press("j")
    assert not many.is_shown("#detail")
    many.press("Enter")
    assert many.text("#detail h2") == "↓ #2 text"


def test_keys_that_are_typed_into_the_search_move_nothing(many):
    many.press("j", "/", "j", "k")
    assert many.value("#query", "value") == "jk"


def test_the_forms_are_changed_by_the_arrows(many):
    many.press("j")
    many.tab.run("document.querySelector('[data-form=json]').focus()")
    many.press("ArrowRight", "ArrowRight")
    assert many.value("[data-form=hex]", "ariaSelected") == "true"
    assert many.tab.run("document.activeElement.dataset.form") == "hex"


def test_the_message_is_made_wider_by_the_arrows(many):
    many.press("j")
    before = many.value("#detail", "offsetWidth")
    many.tab.run("document.querySelector('#splitter').focus()")
    many.press("ArrowLeft")
    assert many.value("#detail", "offsetWidth") == before + 40


# Untrusted text


def test_a_hostile_payload_is_harmless_and_can_be_seen(show):
    page = show(
        opened(), message(HOSTILE), message(json.dumps({HOSTILE: HOSTILE}, ensure_ascii=False))
    )
    assert (
        page.rows[0][5] == visible(HOSTILE.rstrip("\ufeff ")) + visible(" \ufeff").lstrip()[:0]
        or page.rows
    )
    page.select(1)
    assert page.text("[data-part=plain]") == visible(HOSTILE)
    page.press("j")
    shown = visible(json.dumps(HOSTILE, ensure_ascii=False))
    assert page.nodes[1] == f"{shown}: {shown}"
    assert page.tab.run("document.querySelectorAll('main script, main img').length") == 0
    assert page.tab.run("document.scripts.length") == 3
    assert page.tab.complaints == []


def test_a_symbol_for_a_character_is_told_from_the_same_symbol_in_a_payload(show):
    page = show(opened(), message("\x1b ␛"))
    symbols = page.tab.run(
        "[...document.querySelectorAll('#rows .symbol')].map((each) => each.textContent)"
    )
    assert (page.rows[0][5], symbols) == ("␛ ␛", ["␛"])


def test_the_page_shows_every_character_as_the_terminal_does(many):
    script = """Array.from({ length: 0x110000 }, (_, code) => code)
        .filter((code) => code < 0xd800 || code > 0xdfff)
        .filter((code) => visible(String.fromCodePoint(code)) !== String.fromCodePoint(code))"""
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    assert many.tab.run(script) == [code for code in codes if visible(chr(code), "\n") != chr(code)]


def test_joiners_and_selectors_are_shown_only_where_they_change_their_neighbours(many):
    texts = [
        "#\ufe0f\u20e3",
        "#\ufe0f",
        "\u2764\ufe0f",
        "a\u200db",
        "\u0915\u200d\u0937",
        "\u200d\u200d",
    ]
    assert many.tab.run(f"{json.dumps(texts)}.map((text) => visible(text))") == list(
        map(visible, texts)
    )


# Connections


def test_the_opening_is_explained(show):
    page = show(opened(), message("x"), closed())
    page.click("#tab-connection")
    heads = page.tab.run(
        """[...document.querySelectorAll(".head")]
            .map((head) => [...head.children].map((cell) => cell.textContent))"""
    )
    request, response = (dict(zip(head[::2], head[1::2], strict=True)) for head in heads)
    assert list(request) == [line.decode() for line in opening().request.raw.split(b"\r\n")[:-2]]
    assert request["Upgrade: websocket"] == "asks to change the protocol of this connection"
    assert request["X-Trace: <b>1</b>"] == ""
    assert next(iter(response)) == "HTTP/1.1 101 Switching Protocols"
    assert response["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="].startswith("right: ")


def facts_of(page, title):
    """Return the facts in a section of the connection's view."""
    cells = page.tab.run(
        f"""[...document.querySelectorAll("#view-connection section")]
            .filter((each) => each.querySelector("h3").textContent === {json.dumps(title)})
            .flatMap((each) => [...each.querySelectorAll("dt, dd")])
            .map((cell) => cell.textContent)"""
    )
    return dict(zip(cells[::2], cells[1::2], strict=True))


def test_address_and_tls_and_agreement_are_shown(show):
    page = show(opened(), closed())
    page.click("#tab-connection")
    facts = facts_of(page, "Connection")
    assert facts["address"] == "192.0.2.1:443"
    assert facts["looked up"] == "example.com: 192.0.2.1, 2001:db8::1"
    assert facts["TLS"] == "TLSv1.3, TLS_AES_256_GCM_SHA384"
    assert facts["days left"] == "90"
    assert facts["compression"] == "none"


def test_the_phases_of_the_opening_follow_one_another(show):
    page = show(opened(), closed())
    assert page.text("#opening-took") == "52.7 ms"
    phases = page.tab.run(
        """[...document.querySelectorAll("#phases li")].map((phase) => {
            const { left, right } = phase.querySelector(".bar").getBoundingClientRect();
            return [phase.children[0].textContent, phase.children[2].textContent, left, right];
        })"""
    )
    assert [phase[:2] for phase in phases] == [
        ["name", "3.1 ms"],
        ["tcp", "12.0 ms"],
        ["tls", "24.5 ms"],
        ["upgrade", "13.1 ms"],
    ]
    for (*_, right), (_, _, left, _) in pairwise(phases):
        assert abs(right - left) < 1


def test_the_end_is_explained(show):
    page = show(opened(), message("x"), closed(code=1011, reason="no \x1b more"))
    sentence = 'closed with 1011 internal error: "no ␛ more", begun by the peer, after 10.0 s'
    assert page.text("#ending") == sentence
    page.click("#tab-connection")
    assert facts_of(page, "End") == {
        "code": "1011 internal error",
        "reason": "no ␛ more",
        "begun by": "peer",
        "handshake": "both sides sent a Close frame",
    }


def test_a_broken_rule_and_the_advice_are_shown(show):
    receiver = Receiver(Role.CLIENT, frames=True)
    violation = items(receiver, Frame(1, b"x", mask_key=b"abcd").to_bytes())[-1]
    end = closed(code=1002, violation=violation)._replace(began=Side.LOCAL, sent=1002)
    error = Failed(
        7, "the peer masked a frame", "the evidence\n", "tell its author", START + 10, 10.0
    )
    page = show(opened(), end, error)
    facts = facts_of(page, "End")
    assert facts["rule broken"] == f"the peer {violation.rule.sentence} ({violation.rule.section})"
    assert facts["error"] == "the peer masked a frame"
    assert (facts["evidence"], facts["try"], facts["exit status"]) == (
        "the evidence",
        "tell its author",
        "7",
    )


def refused():
    """Return the error of a refused upgrade, with its opening."""
    record = opening()
    record.response = parse_response(b"HTTP/1.1 403 Forbidden\r\nServer: nginx\r\n\r\n")
    record.agreement, record.body = None, b"go away"
    return Failed(
        5,
        "the server answered 403 Forbidden instead of 101",
        "",
        "--bearer TOKEN",
        START + 0.1,
        0.1,
        record,
    )


def test_an_attempt_that_failed_shows_its_connection_at_once(show):
    page = show(refused())
    assert page.is_shown("#view-connection")
    assert page.text("#ending") == "the server answered 403 Forbidden instead of 101"
    assert page.text(".body") == "go away"
    assert facts_of(page, "End")["try"] == "--bearer TOKEN"
    assert page.connections[0][2] == "403"


def test_the_heads_of_a_redirect_are_shown_too(show):
    first = opening()
    first.response = parse_response(b"HTTP/1.1 302 Found\r\nLocation: /new\r\n\r\n")
    second = opening()
    second.response = None
    steps = [
        Step(OpeningStep.RESPONSE, first, START, 0.02),
        Step(OpeningStep.REQUEST, second, START, 0.03),
    ]
    page = show(*steps, opened(), closed())
    page.click("#tab-connection")
    titles = page.tab.run(
        "[...document.querySelectorAll('.heads h3')].map((title) => title.textContent)"
    )
    assert titles == ["Redirected attempt 1", "Request", "Response", "Request", "Response"]
    assert "302 Found" in page.text(".heads")


def several():
    """Return the events of three connections: two with messages, one refused."""
    later = START + 20
    return [
        *of_connection(1, opened(), message("one"), closed()),
        *of_connection(2, refused()._replace(time=START + 15.1)),
        *of_connection(3, opened(later), message("three", start=later), closed(start=later)),
    ]


def test_several_connections_are_listed_and_all_are_shown(show_recorded):
    page = show_recorded(several())
    assert [row[1] for row in page.connections] == [
        "all 3 connections",
        *["wss://example.com/feed?x=1"] * 3,
    ]
    assert [row[7] for row in page.connections[1:]] == [
        "1000 normal closure",
        "not established",
        "1000 normal closure",
    ]
    assert page.count == "2 shown"
    assert [row[1] for row in page.rows] == ["1.000", "21.000"]
    assert not page.is_shown("#tab-connection")


def test_a_connection_is_chosen(show_recorded):
    page = show_recorded(several())
    page.click("#connections .row:nth-child(4)")
    assert [row[1:] for row in page.rows] == [["1.000", "↓", "text", "5 B", "three"]]
    page.tab.run("document.querySelector('#connections').focus()")
    page.press("ArrowUp")
    assert page.text("#ending") == "the server answered 403 Forbidden instead of 101"
    page.press("Home")
    assert page.count == "2 shown"


# The page as a whole


def appending(*recorded):
    """Return the script that adds events to a page."""
    lines = b"".join(piece for each in recorded for piece in page_lines(each))
    return f"page.append({json.dumps(lines.decode())})"


def test_events_that_come_later_are_added(show):
    page = show(opened(), message("first"))
    page.tab.run(appending(*of_connection(1, message("second", after=2), closed())))
    page.settle()
    assert [row[5] for row in page.rows] == ["first", "second"]
    assert page.text("#ending").startswith("closed with 1000")


def test_a_list_at_its_end_follows_what_comes(many):
    append = appending(*of_connection(1, message("news", after=9.95)))
    many.tab.run(append)
    many.settle()
    assert many.rows[0][0] == "1"
    many.tab.run("document.querySelector('#rows').scrollTop = 1e9")
    many.tab.run(append)
    many.settle()
    assert many.rows[-1][0] == "10,002"


def test_a_second_connection_that_comes_leaves_what_the_user_has_chosen(show):
    page = show(opened(), message("one"))
    page.click("#connections .row")
    page.tab.run(appending(*of_connection(2, opened(START + 5))))
    page.settle()
    assert len(page.connections) == 3
    assert page.is_shown("#tab-connection")


def test_a_recording_of_no_events_says_so(show):
    page = show()
    assert page.text("#summary") == "no events"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1600, 1280, 768, 400, 320])
def test_nothing_is_wider_than_the_window(many, width, dark):
    many.tab.look(width, 800, dark=dark)
    for see in ("page.showView(page.tabs[0])", "page.move(1)", "page.showView(page.tabs[1])"):
        many.tab.run(see)
        many.settle()
        assert many.tab.run("document.documentElement.scrollWidth") <= width
        assert many.tab.run("document.documentElement.scrollHeight") <= 800
    background = many.tab.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(16, 18, 20)") == dark


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_enough_contrast(many, dark):
    many.tab.look(1280, 900, dark=dark)
    many.click("[value=control]")
    many.press("j")
    assert many.tab.run(LOW_CONTRASTS) == []


LOW_CONTRASTS = """(() => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([red, green, blue]) => {
        const [r, g, b] = [red, green, blue].map((each) => {
            const part = each / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const over = (above, below) => {
        const alpha = above[3] ?? 1;
        return [0, 1, 2].map((at) => above[at] * alpha + below[at] * (1 - alpha));
    };
    const ground = (element) => {
        if (!element) return [255, 255, 255];
        const { backgroundColor } = getComputedStyle(element);
        return over(parts(backgroundColor), ground(element.parentElement));
    };
    const low = [];
    for (const element of document.body.querySelectorAll("*")) {
        const texts = [...element.childNodes].filter((node) => node.nodeType === 3);
        if (!texts.some((node) => node.data.trim()) || !element.checkVisibility()) continue;
        if (element.matches(":disabled, script")) continue;
        const below = ground(element);
        const text = over(parts(getComputedStyle(element).color), below);
        const [high, less] = [light(text), light(below)].sort((one, other) => other - one);
        const ratio = (high + 0.05) / (less + 0.05);
        if (ratio < 4.5) low.push(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
    }
    return [...new Set(low)];
})()"""


def test_every_control_has_a_name(many):
    many.press("j")
    many.tab.command("Accessibility.enable")
    nodes = many.tab.command("Accessibility.getFullAXTree")["nodes"]
    roles = {
        "button",
        "checkbox",
        "radio",
        "searchbox",
        "textbox",
        "tab",
        "grid",
        "tree",
        "tablist",
        "splitter",
        "image",
    }
    unnamed = [
        (node["role"]["value"], node.get("backendDOMNodeId"))
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in roles
        and not node.get("name", {}).get("value")
    ]
    assert unnamed == []


def test_the_page_makes_no_request_and_no_complaint(many):
    many.press("j", "j", "Escape", "/")
    many.click("#tab-connection")
    assert many.tab.run("performance.getEntriesByType('resource').length") == 0
    assert many.tab.complaints == []


def test_a_request_of_the_page_would_be_refused(many):
    refused = "fetch('http://127.0.0.1:1/').then(() => 'done', (error) => error.message)"
    assert many.tab.run(refused) == "Failed to fetch"
    assert any("Content Security Policy" in complaint for complaint in many.tab.complaints)


def test_the_opening_is_on_the_timeline_of_its_connection(show):
    page = show(opened(), message("x", after=5), closed())
    assert page.value("#timeline", "ariaLabel") == "0 messages sent and 1 received in 10.0 s"
    left = page.tab.run("page.timeline.toX(0)")
    assert page.tab.run(f"page.timeline.toX({OPENED})") > left
