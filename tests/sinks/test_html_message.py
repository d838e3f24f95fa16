"""The page of a recording in a real browser: one message, and hostile payloads."""

import json

import pytest

from tests.browser import find_chromium
from tests.page_events import (
    HOSTILE,
    batch,
    message,
    opened,
)
from wscli.text import visible
from wscli.wire.events import Pong
from wscli.wire.frames import Frame

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium here")


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
