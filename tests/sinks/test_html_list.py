"""The page of a recording in a real browser: the list of messages, its filters and its keys."""

import pytest

from tests.browser import find_chromium
from tests.page_events import (
    batch,
    closed,
    message,
    opened,
)
from tests.streams import items
from tests.waiting import wait_until
from wscli.wire.codes import Role
from wscli.wire.events import Messages, Ping
from wscli.wire.frames import Frame
from wscli.wire.receiver import Receiver

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium here")


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
