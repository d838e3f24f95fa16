"""Messages as people write them on the command line, and the options that shape them."""

import base64
import io
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.apps.automation import Repeat
from wscli.apps.env import Env
from wscli.apps.message import Sending, read_message, read_typed, with_automation
from wscli.errors import UsageError
from wscli.wire.codes import Opcode

NO_ENV = Env(None, None, None, {})
TEXT, BINARY = Opcode.TEXT, Opcode.BINARY


class Stdin(io.RawIOBase):
    """Stdin of a few reads; None is a read that would block."""

    def __init__(self, *pieces):
        self._pieces = [*pieces, b""]

    def read(self, size=-1):
        return self._pieces.pop(0)


def refused(read, *args, **options):
    with pytest.raises(UsageError) as caught:
        read(*args, **options)
    return caught.value


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("text", ["", "hello", "é\n", "a@b", r"\n", "b64", "0", "x0x"])
def test_a_text_is_its_utf8_in_either_kind_of_message(text, opcode):
    assert read_message(text, opcode, NO_ENV) == text.encode()


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("0x", b""),
        ("0xcafe", b"\xca\xfe"),
        ("0xCA fe", b"\xca\xfe"),
        ("b64:", b""),
        ("b64:/wA=", b"\xff\x00"),
        ("0Xcafe", b"0Xcafe"),
        ("B64:AA==", b"B64:AA=="),
        (" 0xca", b" 0xca"),
    ],
)
def test_hex_and_base64_are_decoded_in_binary_messages_only(text, payload):
    assert read_message(text, BINARY, NO_ENV) == payload
    assert read_message(text, TEXT, NO_ENV) == text.encode()


@given(st.binary(max_size=40))
def test_any_bytes_can_be_written_as_hex_and_as_base64(data):
    assert read_typed(f"0x{data.hex()}", BINARY) == data
    assert read_typed(f"b64:{base64.b64encode(data).decode()}", BINARY) == data


@given(st.text(), st.sampled_from([TEXT, BINARY]), st.booleans())
def test_any_text_is_a_payload_or_wrong_usage(text, opcode, escapes):
    with suppress(UsageError):
        payload = read_typed(text, opcode, escapes=escapes)
        if opcode == TEXT:
            payload.decode()


@pytest.mark.parametrize("text", ["0xc", "0xzz", "b64:A", "b64:A-_=", "b64: AA=="])
def test_an_error_for_data_that_cannot_be_decoded_names_the_three_forms(text):
    error = refused(read_message, text, BINARY, NO_ENV)
    assert repr(text) in error.what
    assert error.hint == "0xHEX, b64:BASE64 or @FILE"


def test_a_long_message_is_not_repeated_whole_in_an_error():
    assert len(refused(read_message, "0x" + "z" * 10_000, BINARY, NO_ENV).what) < 100


def test_a_byte_of_the_command_line_that_is_not_utf8_can_be_sent_as_binary_only():
    """Python gives such a byte as a lone surrogate."""
    assert read_message("a\udcff", BINARY, NO_ENV) == b"a\xff"
    error = refused(read_message, "a\udcff", TEXT, NO_ENV)
    assert error.evidence.startswith("ff at byte 1")


@pytest.mark.parametrize("escapes", [True, False])
def test_escapes_are_replaced_only_if_asked_for(escapes):
    text = r"a\0\x41\u00e9"
    expected = b"a\0A\xc3\xa9" if escapes else text.encode()
    assert read_message(text, TEXT, NO_ENV, escapes=escapes) == expected


def test_an_escape_that_does_not_exist_says_how_a_backslash_is_written():
    error = refused(read_message, r"a\q", TEXT, NO_ENV, escapes=True)
    assert r"invalid escape \q at character 2" in error.evidence
    assert error.hint == r"\\ is a backslash"


def test_an_escape_that_makes_a_text_invalid_is_located():
    error = refused(read_message, r"ab\xff", TEXT, NO_ENV, escapes=True)
    assert "is not UTF-8, as text must be" in error.what
    assert error.evidence.startswith("ff at byte 2: ")
    assert error.hint == "--binary sends any bytes"
    assert read_message(r"ab\xff", BINARY, NO_ENV, escapes=True) == b"ab\xff"


@pytest.mark.parametrize("escapes", [True, False])
def test_two_at_signs_begin_a_text_with_one(escapes):
    assert read_message("@@home", TEXT, NO_ENV, escapes=escapes) == b"@home"
    assert read_message("@@@", TEXT, NO_ENV, escapes=escapes) == b"@@"


def test_a_file_is_sent_as_it_is_also_with_escapes(tmp_path):
    path = tmp_path / "message"
    path.write_bytes(rb"0xca \n @x")
    for opcode in (TEXT, BINARY):
        assert read_message(f"@{path}", opcode, NO_ENV, escapes=True) == rb"0xca \n @x"


def test_a_file_that_is_not_utf8_can_be_sent_as_binary_only(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(b"\x89PNG")
    assert read_message(f"@{path}", BINARY, NO_ENV) == b"\x89PNG"
    error = refused(read_message, f"@{path}", TEXT, NO_ENV)
    assert error.evidence.startswith("89 at byte 0")


@pytest.mark.parametrize("name", ["missing", ""])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path, name):
    error = refused(read_message, f"@{tmp_path / name}", TEXT, NO_ENV)
    assert str(tmp_path / name) in error.what
    assert error.evidence in ("No such file or directory", "Is a directory")
    assert "is written @@" in error.hint


def test_stdin_is_read_to_its_end():
    env = NO_ENV._replace(stdin=Stdin(b"one ", b"two"))
    assert read_message("@-", TEXT, env) == b"one two"


# The options for sending


@pytest.mark.parametrize(
    ("end", "payload"), [(b"", b"a\n"), (b"\n", b"a\n"), (b"\0", b"a\n\0"), (b"\n\n", b"a\n\n\n")]
)
def test_a_terminator_is_added_to_messages_that_lack_it(end, payload):
    assert Sending(end=end, escapes=True).read(r"a\n", NO_ENV) == payload


def test_answers_and_repeated_messages_are_read_like_any_message(tmp_path):
    (tmp_path / "pong").write_bytes(b"from a file")
    sending = Sending(BINARY, escapes=True, end=b"\0")
    answers = ("^2$=0x33", f"PING=@{tmp_path}/pong", r"a=\x01")
    read = with_automation(sending, answers, ((2.5, r"\n"), (1.0, "")), NO_ENV)
    assert [answer.reply for answer in read.answers] == [b"3\0", b"from a file\0", b"\x01\0"]
    assert read.repeats == (Repeat(2.5, b"\n\0"), Repeat(1.0, b"\0"))
    assert (read.opcode, read.end) == (BINARY, b"\0")


@pytest.mark.parametrize("answer", ["", "no reply", "(=x", "=x"])
def test_an_answer_that_cannot_be_read_shows_one_that_can(answer):
    error = refused(with_automation, Sending(), (answer,), (), NO_ENV)
    assert re.match(r"'.*' is not an answer: ", error.what)
    assert "'^2$=3'" in error.hint


def test_without_answers_and_repeated_messages_there_is_no_stage():
    assert Sending().stages() == []
    assert len(with_automation(Sending(), ("a=b",), (), NO_ENV).stages()) == 1
    assert len(with_automation(Sending(), (), ((1.0, "a"),), NO_ENV).stages()) == 1
