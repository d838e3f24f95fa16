"""Comparing messages: what counts as equal under each way to compare, and where two differ."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.payload.codecs import value_of
from wscli.payload.comparison import (
    MISSING,
    MessageComparison,
    json_path,
    shape_key,
    value_key,
)
from wscli.payload.matching import JsonPathQuery
from wscli.payload.message import Message

# Without control characters: the package for JSONPath does not read their escapes.
KEYS = st.text("ab1_ $.'\"\\é\U0001f600", max_size=2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=8,
)


def text(value):
    payload = value if isinstance(value, str) else json.dumps(value)
    return Message(1, payload.encode())


def differences(recorded, now, match="json", ignored=(), mapped=()):
    """Return the differences as tuples."""
    queries = [[JsonPathQuery(each) for each in given] for given in (ignored, mapped)]
    comparison = MessageComparison(match, *queries)
    return [tuple(each) for each in comparison.differences(text(recorded), text(now))]


def are_equal(recorded, now, match):
    return MessageComparison(match).are_equal(text(recorded), text(now))


# Equal or not


@pytest.mark.parametrize(
    ("recorded", "now", "equal_under"),
    [
        ('{"a":1,"b":2}', '{"a":1,"b":2}', "exact json shape none"),
        ('{"a":1,"b":2}', '{ "b": 2, "a": 1 }', "json shape none"),
        ('{"a":1}', '{"a":1.0}', "json shape none"),
        ('{"a":1}', '{"a":true}', "none"),
        ('{"a":1}', '{"a":2}', "shape none"),
        ('{"a":1}', '{"a":"1"}', "none"),
        ('{"a":1}', '{"b":1}', "none"),
        ('{"a":null}', '{"a":{}}', "none"),
        ("[1,2]", "[1,2,3]", "shape none"),
        ("[]", '["a"]', "shape none"),
        ('["a"]', "[]", "shape none"),
        ('["a"]', "[1]", "none"),
        ('[{"a":1}]', '[{"a":2},{"b":3}]', "none"),
        ("hello", "hello", "exact json shape none"),
        ("hello", "hallo", "none"),
        ("room 12 at 9:30", "room 7 at 10:15", "shape none"),
        ('"1"', "1", "none"),
    ],
)
def test_messages_are_equal_under_some_ways_to_compare(recorded, now, equal_under):
    found = [
        match for match in ("exact", "json", "shape", "none") if are_equal(recorded, now, match)
    ]
    assert " ".join(found) == equal_under


def test_a_text_and_a_binary_message_differ_whatever_their_bytes():
    comparison = MessageComparison("shape")
    (found,) = comparison.differences(Message(1, b"{}"), Message(2, b"{}"))
    assert found == (None, "{}", b"{}")


def test_json_in_binary_messages_is_compared_by_value():
    comparison = MessageComparison()
    assert comparison.are_equal(Message(2, b'{"a": 1}'), Message(2, b'{"a":1}'))
    assert not comparison.are_equal(Message(2, b"\x00"), Message(2, b"\x01"))


def test_other_binary_messages_have_one_shape():
    assert MessageComparison("shape").are_equal(Message(2, b"\x00"), Message(2, b"\x01\x02"))


def test_json_that_is_nested_too_deeply_is_compared_as_a_whole():
    deep = "[" * 900 + "1" + "]" * 900
    other = deep.replace("1", "2")
    assert differences(deep, other) in ([(None, deep, other)], [(f"${'[0]' * 900}", 1, 2)])
    assert differences(deep, deep) == []


# Where they differ


@pytest.mark.parametrize(
    ("recorded", "now", "expected"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("$.a.b", 1, 2)]),
        ({"a": 1}, {}, [("$.a", 1, MISSING)]),
        ({}, {"a": [1]}, [("$.a", MISSING, [1])]),
        ({"a": {}}, {"a": []}, [("$.a", {}, [])]),
        ([1, 2, 3], [1, 5, 3], [("$[1]", 2, 5)]),
        ([1, 2, 3], [1, 3], [("$[1]", 2, MISSING)]),
        ([1, 3], [1, 2, 3], [("$[1]", MISSING, 2)]),
        ([], [1, 2], [("$[0]", MISSING, 1), ("$[1]", MISSING, 2)]),
        ([{"a": 1}, 2], [{"a": 1}, 2, 3], [("$[2]", MISSING, 3)]),
        (1, 2, [("$", 1, 2)]),
        (
            {"two words": 1, "ü": 1},
            {"two words": 2, "ü": 2},
            [('$["two words"]', 1, 2), ('$["ü"]', 1, 2)],
        ),
    ],
)
def test_a_difference_has_its_place_and_both_values(recorded, now, expected):
    assert differences(recorded, now) == expected


def test_under_exact_a_difference_of_spelling_is_one_of_the_whole_message():
    assert differences('{"a":1}', '{"a": 1}', "exact") == [(None, '{"a":1}', '{"a": 1}')]
    assert differences('{"a":1}', '{"a": 2}', "exact") == [("$.a", 1, 2)]


def test_shapes_differ_at_a_place():
    assert differences({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": "x"}]}, "shape") == [
        ("$.a[1].b", 1, "x")
    ]


@given(JSON, JSON)
def test_there_is_a_difference_unless_the_values_are_equal(recorded, now):
    same = json.dumps(recorded, sort_keys=True) == json.dumps(now, sort_keys=True)
    assert (differences([recorded], [now]) == []) == same


@given(JSON, JSON)
def test_a_place_selects_the_value_that_differs(recorded, now):
    for path, *sides in differences([recorded], [now]):
        for message, value in zip(([recorded], [now]), sides, strict=True):
            found = [value for _, value in JsonPathQuery(path).select(message)]
            assert value is MISSING or found == [value]


# Ignored places


@pytest.mark.parametrize(
    ("recorded", "now", "ignored"),
    [
        ({"a": 1, "time": 1}, {"a": 1, "time": 2}, ["$.time"]),
        ({"a": 1, "time": 1}, {"a": 1}, ["$.time"]),
        ({"a": [{"id": 1, "x": 1}, {"id": 2}]}, {"a": [{"id": 7, "x": 1}, {"id": 8}]}, ["$..id"]),
        ([1, 2], [5, 2], ["$[0]"]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["$.a", "$.a.b"]),
        ({"a": 1}, [2], ["$"]),
        (
            {"list": [{"kind": "x", "v": 1}]},
            {"list": [{"kind": "x", "v": 2}]},
            ["$.list[?@.kind=='x'].v"],
        ),
    ],
)
def test_an_ignored_place_may_differ(recorded, now, ignored):
    assert differences(recorded, now) != []
    assert differences(recorded, now, ignored=ignored) == []
    assert differences(recorded, now, "shape", ignored=ignored) == []


def test_the_length_of_an_array_counts_also_with_an_ignored_item():
    assert differences([1, 2], [3, 2, 4], ignored=["$[0]"]) == [("$[2]", MISSING, 4)]


def test_ignoring_does_not_change_the_messages():
    recorded, now = text({"a": {"id": 1}}), text({"a": {"id": 2}})
    MessageComparison("json", [JsonPathQuery("$..id")]).differences(recorded, now)
    assert (value_of(recorded), value_of(now)) == ({"a": {"id": 1}}, {"a": {"id": 2}})


# Mapped ids


def test_a_mapped_id_may_be_new_also_where_it_stands_again():
    recorded = {"id": "abc1", "url": "/x/abc1?y", "abc1": True}
    now = {"id": "zzz9", "url": "/x/zzz9?y", "zzz9": True}
    assert differences(recorded, now, mapped=["$.id"]) == []


def test_a_mapped_id_of_another_type_is_a_difference():
    assert differences({"id": 1}, {"id": "1"}, mapped=["$.id"]) == [("$.id", 1, "1")]


def test_another_new_id_for_the_same_recorded_one_is_a_difference():
    comparison = MessageComparison(mapped=[JsonPathQuery("$.id")])
    assert comparison.are_equal(text({"id": 1}), text({"id": 5}))
    assert comparison.are_equal(text({"id": 1}), text({"id": 5}))
    assert not comparison.are_equal(text({"id": 1}), text({"id": 6}))


def test_ids_are_learned_only_from_messages_that_belong_together():
    comparison = MessageComparison(mapped=[JsonPathQuery("$.id")])
    assert not comparison.are_equal(text({"id": 1, "a": 1}), text({"id": 5, "a": 2}))
    assert comparison.are_equal(text({"id": 1, "a": 1}), text({"id": 6, "a": 1}))


def test_a_text_that_is_not_json_may_have_new_ids():
    comparison = MessageComparison(mapped=[JsonPathQuery("$.id")])
    assert comparison.are_equal(text({"id": "abc1"}), text({"id": "zzz9"}))
    assert comparison.are_equal(text("SUBSCRIBED abc1"), text("SUBSCRIBED zzz9"))


# Keys


@pytest.mark.parametrize(
    ("one", "other", "same_value", "same_shape"),
    [
        ('{"a":1,"b":2}', '{"b": 2, "a": 1}', True, True),
        ('{"a":1}', '{"a":2}', False, True),
        ('{"a":1}', '{"a":"2"}', False, False),
        ("[1,2]", "[3]", False, True),
        ("hello 1", "hello 2", False, True),
        ("hello", "hallo", False, False),
    ],
)
def test_equal_messages_share_a_key(one, other, same_value, same_shape):
    assert (value_key(text(one)) == value_key(text(other))) == same_value
    assert (shape_key(text(one)) == shape_key(text(other))) == same_shape


def test_a_place_is_written_as_a_query():
    assert json_path(()) == "$"
    assert json_path(("a", 0, "b c", '"')) == '$.a[0]["b c"]["\\""]'
