"""Regular expressions and JSONPath queries for messages, and their time limits."""

import re
import time

import pytest
import regex
from hypothesis import assume, given
from hypothesis import strategies as st

from wscli.payload.codecs import value_of
from wscli.payload.matching import (
    JsonPathQuery,
    PatternTimeout,
    longest_unlimited,
    parse_matcher,
)
from wscli.payload.message import Message
from wscli.wire.codes import Opcode

LIMIT = 0.1  # seconds, for a short message


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
def test_a_regular_expression_may_match_anywhere_in_a_message(pattern, message, expected):
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
def test_a_jsonpath_query_matches_if_it_selects_a_node(pattern, message, expected):
    assert matches(pattern, message) is expected


def test_a_query_also_reads_json_in_a_binary_message():
    assert matches("$.id", b'{"id": 1}')


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "a{2,1}", "(" * 5000 + ")" * 5000, "$[", "$[?@.a ==]", "$.a == 1", "$[?f(@)]"],
)
def test_an_invalid_pattern_is_a_value_error(pattern):
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


# Searches without a time limit

SIMPLE_PATTERNS = st.lists(
    st.tuples(
        st.sampled_from([*"ab.^$", r"\w", r"\b", "[ab]", "[^a]"]), st.sampled_from(["", *"*+?"])
    ),
    max_size=6,
).map(lambda items: "".join(element + repetition for element, repetition in items))


@given(SIMPLE_PATTERNS, st.text("ab \n"))
def test_a_search_has_the_same_result_with_and_without_a_time_limit(pattern, content):
    assume(not pattern.startswith(("$.", "$[")))  # those are queries
    assert matches(pattern, content) is (regex.search(pattern, content) is not None)


@pytest.mark.parametrize("pattern", ["done", "^2$", r'"id": 7\b', "[0-9]", "a.*b", "x+ y?"])
def test_a_short_message_is_searched_without_a_time_limit(pattern):
    assert longest_unlimited(pattern) > 100


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "a|b", "a{9}", r"\X\X", "(?i)done", "(?r)a", r"\p{L}", "(|)+"]
)
def test_a_pattern_that_may_backtrack_for_a_long_time_always_has_a_time_limit(pattern):
    assert longest_unlimited(pattern) == 0


def test_each_repetition_makes_the_messages_without_a_time_limit_shorter():
    lengths = [longest_unlimited("a*" * count + "b") for count in range(6)]
    assert lengths == sorted(set(lengths), reverse=True)


@pytest.mark.parametrize(
    "pattern", ["a*[bc]", "a*a*[bc]", ".*a.*[bc]", "a?a?[bc]", "aaaa[bc]", "b"]
)
def test_the_longest_search_without_a_time_limit_takes_less_than_the_limit(pattern):
    message = "a" * (longest_unlimited(pattern) - 1)
    start = time.thread_time()
    assert not matches(pattern, message)
    assert time.thread_time() - start < 2 * LIMIT  # half of that on an idle machine


def test_repetitions_in_a_row_are_abandoned_in_a_long_message():
    with pytest.raises(PatternTimeout, match="backtracks"):
        matches("a*a*a*a*a*[bc]", "a" * 3000)


def test_a_query_finds_nothing_in_json_that_is_nested_too_deeply_for_it():
    message = Message(1, b"[" * 500 + b'{"id":1}' + b"]" * 500)
    assert not parse_matcher("$..id").matches(message)
    assert JsonPathQuery("$..id").select(value_of(message)) == []


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("time", "a query begins with $, for example '$.time'"),
        ("", "a query begins with $, for example '$.time'"),
        ("$.a[1:2:3:4]", "expected comma, found colon"),
        ("$.a]", "unexpected token ']'"),
    ],
)
def test_an_error_in_a_query_is_told_without_the_names_of_a_parser(query, reason):
    with pytest.raises(ValueError, match=rf"is not a JSONPath query: {re.escape(reason)}$"):
        JsonPathQuery(query)


def test_a_query_selects_values_with_their_locations():
    value = {"items": [{"id": 1}, {"id": "a"}]}
    assert JsonPathQuery("$.items[*].id").select(value) == [
        (("items", 0, "id"), 1),
        (("items", 1, "id"), "a"),
    ]
    assert JsonPathQuery("$.a").select('{"a":1}') == []
