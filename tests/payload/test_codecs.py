"""Codecs: the form and the value of payloads, and payloads from typed text."""

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.payload import codecs
from wscli.payload.codecs import (
    FITS_BETTER,
    HEX,
    JSON,
    NEVER,
    NO_VALUE,
    POSSIBLE,
    TEXT,
    ShownBytes,
    ShownJson,
    ShownText,
    searched_text,
    show,
    value_of,
)
from wscli.payload.matching import parse_matcher
from wscli.payload.message import Message
from wscli.sinks.human.messages import Entry, MessageView
from wscli.sinks.human.palette import Palette
from wscli.wire.codes import Opcode

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def text(content):
    return Message(Opcode.TEXT, content.encode())


def binary(content):
    return Message(Opcode.BINARY, content)


# The choice of a codec


@pytest.mark.parametrize("content", ['{"a": 1}', "[1]", " \t\r\n[", "[x", "{}"])
def test_text_that_begins_like_an_object_or_array_is_shown_as_json(content):
    assert show(text(content)) == ShownJson(content)


@pytest.mark.parametrize("content", ["", "hello", "5", '"a"', "null", "-1", "\ufeff{}", "\v[1]"])
def test_other_text_is_shown_as_it_is(content):
    assert show(text(content)) == ShownText(content)


@pytest.mark.parametrize("content", [b"", b"\0\xff", b'{"a": 1}', b"hello"])
def test_a_binary_message_is_shown_as_bytes(content):
    shown = show(binary(content))
    assert isinstance(shown, ShownBytes)
    assert shown.data == content


@given(st.sampled_from([Opcode.TEXT, Opcode.BINARY]), st.text())
def test_every_message_has_a_form(opcode, content):
    assert show(Message(opcode, content.encode())).text is not None


@pytest.mark.parametrize("codec", [TEXT, JSON, HEX])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_user_may_name_any_codec_for_any_message(codec, opcode):
    assert codec.priority(None, opcode, b"x") > NEVER


# Text


@given(st.text())
def test_typed_text_is_shown_as_it_was_typed(content):
    assert TEXT.show(Message(Opcode.TEXT, TEXT.parse(content))).text == content


@given(st.binary())
def test_bytes_of_a_command_line_are_sent_unchanged(content):
    assert TEXT.parse(content.decode(errors="surrogateescape")) == content


@pytest.mark.parametrize(
    ("typed", "place"), [("\ud800", "U+D800 at character 1"), ("ab\udbff", "U+DBFF at character 3")]
)
def test_half_of_a_surrogate_pair_cannot_be_typed(typed, place):
    with pytest.raises(ValueError, match=re.escape(f"{place} is half of a surrogate pair")):
        TEXT.parse(typed)


def test_the_text_codec_escapes_bytes_that_are_not_utf8():
    assert TEXT.show(binary(b"caf\xc3\xa9 \xff")) == ShownText("café \\xff")


@pytest.mark.parametrize("codec", [TEXT, HEX])
def test_text_and_bytes_have_no_value(codec):
    assert codec.value(text("[1]")) is NO_VALUE


# JSON


@given(JSON_VALUES)
def test_json_has_the_value_that_was_written(value):
    assert value_of(text(json.dumps(value))) == value
    assert value_of(text(json.dumps(value, ensure_ascii=False, indent=2))) == value


@given(JSON_VALUES)
def test_typed_json_is_sent_without_space_between_its_tokens(value):
    sent = JSON.parse(json.dumps(value, indent=3))
    assert json.loads(sent) == value
    assert sent == json.dumps(value, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (' { "a b" : [ 1 , 2 ] } ', b'{"a b":[1,2]}'),
        ("1.0e5", b"1.0e5"),
        ("-0.0", b"-0.0"),
        ('{"a": 1, "a": 2}', b'{"a":1,"a":2}'),
        (r'"\" \\" ', rb'"\" \\"'),
        (r'"\ud800 \u00e9"', rb'"\ud800 \u00e9"'),
        ('"é"', b'"\xc3\xa9"'),
        ("1" * 5000, b"1" * 5000),
        ("1e999999", b"1e999999"),
        ("\ufeff[1]", b"[1]"),
    ],
)
def test_the_tokens_of_typed_json_are_sent_unchanged(typed, sent):
    assert JSON.parse(typed) == sent


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_json_does_not_have_cannot_be_typed(constant):
    with pytest.raises(ValueError, match=f"not valid JSON: {constant} is not a JSON value"):
        JSON.parse(f"[{constant}]")


@pytest.mark.parametrize(
    "typed", ["", "hello", "[1", "[1] 2", "{a: 1}", "'a'", "[1,]", '"\n"', "\xa01"]
)
def test_text_that_is_not_json_is_rejected(typed):
    with pytest.raises(ValueError, match="not valid JSON: "):
        JSON.parse(typed)


def test_json_that_is_nested_too_deeply_is_rejected():
    with pytest.raises(ValueError, match="nested too deeply"):
        JSON.parse("[" * 100_000 + "]" * 100_000)


def test_half_of_a_surrogate_pair_cannot_be_typed_in_json():
    with pytest.raises(ValueError, match=r"U\+DC80 at character 2 is half of a surrogate pair"):
        JSON.parse('"\udc80"')


@pytest.mark.parametrize(
    ("content", "value"),
    [("5", 5), ('"a"', "a"), ("null", None), ("true", True), (" [1]", [1]), ("\ufeff[1]", [1])],
)
def test_a_json_value_may_be_of_any_type_and_follow_a_byte_order_mark(content, value):
    assert value_of(text(content)) == value


def test_constants_that_json_does_not_have_are_read_in_received_messages():
    assert math.isnan(value_of(text("NaN")))
    assert value_of(text("[Infinity, -Infinity]")) == [math.inf, -math.inf]


def test_the_last_of_repeated_keys_counts_and_all_are_shown():
    message = text('{"a": 1, "a": 2}')
    assert value_of(message) == {"a": 2}
    assert show(message).text == '{"a": 1, "a": 2}'


@pytest.mark.parametrize(
    "content", ["", "hello", "[1", "{a: 1}", "[" * 100_000, "[" + "1" * 5000 + "]", "nul"]
)
def test_text_that_cannot_be_parsed_has_no_value(content):
    assert value_of(text(content)) is NO_VALUE


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_a_binary_message_may_hold_json_in_any_encoding_of_unicode(encoding):
    assert value_of(binary('{"a": "é"}'.encode(encoding))) == {"a": "é"}


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"\0\0", b"{\xff}", b"\x89PNG"])
def test_other_bytes_have_no_value(content):
    assert value_of(binary(content)) is NO_VALUE


# Hex


@given(st.binary())
def test_typed_digits_are_parsed_to_bytes(content):
    for typed in (content.hex(), content.hex(" "), content.hex().upper(), f" {content.hex()}\n"):
        assert HEX.parse(typed) == content


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("abc", "3 hexadecimal digits: each byte needs two, as in 0x0abc"),
        ("a bc", "3 hexadecimal digits: each byte needs two, as in 0x0abc"),
        ("a" * 2001, "2,001 hexadecimal digits: each byte needs two"),
        ("fg", "'g' is not a hexadecimal digit"),
        ("0xff", "'x' is not a hexadecimal digit"),
        ("00\xa0ff", r"'\xa0' is not a hexadecimal digit"),
        ("٠٠", "'٠' is not a hexadecimal digit"),
        ("a bc d", "a space separates the two digits of a byte"),
    ],
)
def test_an_error_in_typed_digits_is_explained(typed, sentence):
    with pytest.raises(ValueError, match=r"\A") as raised:
        HEX.parse(typed)
    assert str(raised.value) == sentence


def test_every_codec_rejects_text_with_a_value_error():
    for codec in codecs.CODECS:
        for typed in ("\ud800", "", "[" * 100_000, "\0", "1" * 10_000):
            try:
                codec.parse(typed)
            except ValueError as error:
                assert "codec can't" not in str(error)  # noqa: PT017


# One more codec


class CountCodec:
    """Read a payload of ``n`` bytes as the number ``n``, in the subprotocol ``counts``."""

    changes_text = True

    def priority(self, subprotocol, opcode, payload):
        return FITS_BETTER + 1 if subprotocol == "counts" else NEVER

    def show(self, message):
        return ShownText(f"count {len(message.payload)}")

    def value(self, message):
        return {"count": len(message.payload)}

    def parse(self, text):
        return b"|" * int(text)


@pytest.fixture
def count_codec(monkeypatch):
    codec = CountCodec()
    monkeypatch.setattr(codecs, "CODECS", [*codecs.CODECS, codec])
    return codec


def counted(codec, subprotocol="counts", opcode=Opcode.BINARY):
    return Message(opcode, codec.parse("3"), subprotocol)


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_view_uses_a_new_codec_once_it_is_listed(count_codec, opcode):
    entry = Entry(True, 0.0, opcode, count_codec.parse("3"), subprotocol="counts")
    (line,) = MessageView(Palette(colour=False), 80).lines(entry)
    assert line.endswith("  count 3")


@pytest.mark.parametrize("pattern", ["^count 3$", "$.count", "$[?@.count == 3]"])
def test_patterns_and_queries_use_a_new_codec(count_codec, pattern):
    assert parse_matcher(pattern).matches(counted(count_codec))


@pytest.mark.parametrize("pattern", ["^count 3$", "$.count"])
def test_a_codec_is_not_asked_for_a_message_that_it_cannot_read(count_codec, pattern):
    assert not parse_matcher(pattern).matches(counted(count_codec, subprotocol=None))


def test_if_a_codec_has_no_value_the_others_are_asked(count_codec, monkeypatch):
    monkeypatch.setattr(CountCodec, "value", lambda self, message: NO_VALUE)
    assert value_of(Message(Opcode.TEXT, b"[1]", "counts")) == [1]


def test_the_first_of_two_equally_suitable_codecs_is_chosen(count_codec, monkeypatch):
    first = CountCodec()
    monkeypatch.setattr(first, "show", lambda message: ShownText("first"), raising=False)
    monkeypatch.setattr(codecs, "CODECS", [first, count_codec])
    assert show(counted(count_codec)) == ShownText("first")


@given(st.sampled_from([Opcode.TEXT, Opcode.BINARY]), st.text(), st.sampled_from([None, "counts"]))
def test_patterns_are_searched_in_the_text_that_is_shown(opcode, content, subprotocol):
    message = Message(opcode, content.encode(), subprotocol)
    with pytest.MonkeyPatch.context() as patch:
        assert searched_text(message) == show(message).text
        patch.setattr(codecs, "CODECS", [*codecs.CODECS, CountCodec()])
        assert searched_text(message) == show(message).text


def test_a_less_suitable_codec_does_not_change_the_text_to_search(count_codec, monkeypatch):
    monkeypatch.setattr(CountCodec, "priority", lambda self, *message: POSSIBLE)
    assert searched_text(text("hello")) == "hello"


def test_a_search_calls_no_codec_that_leaves_the_text_unchanged(monkeypatch):
    for codec in codecs.CODECS:
        monkeypatch.setattr(type(codec), "show", None)
        monkeypatch.setattr(type(codec), "priority", None)
    assert searched_text(text("{}")) == "{}"
    assert searched_text(binary(b"\xff")) == "\xff"


def test_a_codec_of_the_subprotocol_precedes_json(count_codec):
    assert show(Message(Opcode.TEXT, b"[1]", "counts")) == ShownText("count 3")
    assert show(Message(Opcode.TEXT, b"[1]", "other")) == ShownJson("[1]")
