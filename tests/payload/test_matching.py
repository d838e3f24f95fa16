"""Regular expressions and JSONPath queries find the messages they mean, within a time limit."""

import time

import pytest

from wscli.payload.matching import PatternTimeout, parse_matcher
from wscli.payload.message import Message
from wscli.wire.codes import Opcode


def matches(pattern, message):
    opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
    payload = message.encode() if isinstance(message, str) else message
    return parse_matcher(pattern).matches(Message(opcode, payload))


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("done", '{"state": "done"}', True),
        ("^done", '{"state": "done"}', False),
        ("caf\xe9", "un café", True),
        ("\xff", b"\x00\xff", True),
        (r"(?<=id=)\d+", "id=7", True),
        (r"^$", "", True),
        ("$", "anything", True),
    ],
)
def test_a_regular_expression_is_searched_for_anywhere(pattern, message, expected):
    assert matches(pattern, message) is expected


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("$[?@.id==1]", '{"id": 1}', True),
        ("$[?@.id==1]", '{"id": 10}', False),
        ("$[?@.id==1]", '[{"id": 10}, {"id": 1}]', True),
        ("$[?@.id==1 && @.ok]", '{"id": 1, "ok": false}', True),
        ("$[?@.id=='1']", '{"id": 1}', False),
        ("$.result", '{"result": null}', True),
        ("$.result", '{"error": 1}', False),
        ("$.a[1]", '{"a": [1]}', False),
        ("$..price", '{"items": [{"price": 3}]}', True),
        ("$[0]", '["a"]', True),
        ("$.id", "not JSON", False),
        ("$.id", "5", False),
        ("$[?@ > 3]", "5", True),
        ("$[?search(@.m, 'o.k')]", '{"m": "look"}', True),
        ("$[?match(@.m, 'oo')]", '{"m": "look"}', False),
        ("$[?search(@.m, '(')]", '{"m": "("}', False),
        ("$.id", "[" * 100_000, False),
    ],
)
def test_a_jsonpath_query_matches_a_message_in_which_it_selects_something(
    pattern, message, expected
):
    assert matches(pattern, message) is expected


def test_a_query_also_reads_json_in_a_binary_message():
    assert matches("$.id", b'{"id": 1}')


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "a{2,1}", "(" * 5000 + ")" * 5000, "$[", "$[?@.a ==]", "$.a == 1", "$[?f(@)]"],
)
def test_a_pattern_that_cannot_be_read_is_a_value_error(pattern):
    with pytest.raises(ValueError, match=r"is not a|nested too deeply"):
        parse_matcher(pattern)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"^(a|aa)+$", "a" * 60 + "b"),
        (r"^(\w|\w\w|\d)+$", "a1" * 40 + "!"),
        (r"$[?search(@.m, '^(a|aa)+$')]", '{"m": "' + "a" * 60 + 'b"}'),
    ],
)
def test_a_pattern_that_backtracks_is_abandoned(pattern, message):
    start = time.monotonic()
    with pytest.raises(PatternTimeout, match="backtracks"):
        matches(pattern, message)
    assert time.monotonic() - start < 5
