"""Pairing messages with recorded ones: changed, missing, new and moved messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.payload.alignment import Alignment
from wscli.payload.comparison import MessageComparison
from wscli.payload.matching import JsonPathQuery
from wscli.payload.message import Message


def messages(words):
    return [Message(1, word.encode()) for word in words]


def align(recorded, now, comparison=None, **options):
    """Return the findings as text, in the order in which they are found."""
    alignment = Alignment(messages(recorded), comparison or MessageComparison(), **options)
    findings = [found for message in messages(now) for found in alignment.take(message)]
    findings += alignment.finish()
    return [describe(found) for found in findings]


def describe(found):
    numbers = [str(number) for number in (found.recorded, found.now) if number is not None]
    return f"{found.kind} {' '.join(numbers)}"


@pytest.mark.parametrize(
    ("recorded", "now", "expected"),
    [
        ("a b c", "a b c", []),
        ("", "", []),
        ("a b c", "a X c", ["changed 2 2"]),
        ("a b c", "a c", ["missing 2"]),
        ("a b c", "b c", ["missing 1"]),
        ("a b c", "a b", ["missing 3"]),
        ("a b c", "X a b c", ["extra 1"]),
        ("a b c", "a b c X", ["extra 4"]),
        ("a b c", "a X b c", ["extra 2"]),
        ("a b c", "a b X", ["changed 3 3"]),
        ("a b c", "X Y Z", ["changed 1 1", "changed 2 2", "changed 3 3"]),
        ("a b c d", "a c b d", ["moved 2 3"]),
        ("a b", "", ["missing 1", "missing 2"]),
        ("", "a b", ["extra 1", "extra 2"]),
        ("ok ok ok", "err ok ok", ["changed 1 1"]),
        ("ok ok ok", "ok err ok", ["changed 2 2"]),
        ("ok ok ok", "ok ok", ["missing 3"]),
        ("a b c d", "a X c Y d", ["changed 2 2", "extra 4"]),
    ],
)
def test_messages_are_paired_as_a_person_would(recorded, now, expected):
    assert align(recorded.split(), now.split()) == expected


def test_in_any_order_a_message_that_comes_late_is_as_recorded():
    assert align("abcd", "acbd", ordered=False) == []
    assert align("abcd", "acd", ordered=False) == ["missing 2"]


def test_a_missing_message_has_its_payload_and_a_new_one_too():
    alignment = Alignment(messages("ab"), MessageComparison())
    (extra,) = [found for word in ["x", "a"] for found in alignment.take(*messages([word]))]
    (missing,) = alignment.finish()
    assert (missing.differences[0].recorded, extra.differences[0].now) == ("b", "x")


def test_a_difference_is_found_as_soon_as_a_later_message_shows_it():
    alignment = Alignment(messages("abc"), MessageComparison())
    assert alignment.take(*messages(["X"])) == []
    (found,) = alignment.take(*messages(["b"]))
    assert describe(found) == "changed 1 1"


def test_progress_counts_what_has_come_and_what_will_not():
    alignment = Alignment(messages("abcd"), MessageComparison())
    assert (alignment.reached, alignment.outstanding, alignment.equal) == (0, 4, 0)
    alignment.take(*messages("b"))
    assert (alignment.reached, alignment.outstanding, alignment.equal) == (2, 3, 1)
    alignment.take(*messages("X"))
    assert (alignment.reached, alignment.outstanding, alignment.equal) == (3, 2, 1)
    alignment.take(*messages("d"))
    assert (alignment.reached, alignment.outstanding, alignment.equal) == (4, 1, 2)


def test_a_flood_of_other_messages_takes_no_memory():
    alignment = Alignment(messages("ab"), MessageComparison())
    found = [each for message in messages(["X"] * 1000) for each in alignment.take(message)]
    assert [each.kind for each in found].count("extra") == 998
    assert alignment.outstanding == 0


def test_messages_that_all_differ_are_paired_in_order():
    recorded = [json.dumps({"n": n}) for n in range(100)]
    now = [json.dumps({"n": n + 1000}) for n in range(100)]
    assert align(recorded, now) == [f"changed {n} {n}" for n in range(1, 101)]


def test_ids_that_become_known_explain_the_messages_after_them():
    comparison = MessageComparison(mapped=[JsonPathQuery("$.sid")])
    recorded = ['{"sid":"old1"}', '{"for":"old1"}', '{"sid":"old2","x":1}']
    now = ['{"sid":"new1"}', '{"for":"new1"}', '{"sid":"new2","x":2}']
    assert align(recorded, now, comparison) == ["changed 3 3"]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_every_message_is_accounted_for(recorded, now):
    alignment = Alignment(messages(recorded), MessageComparison())
    findings = [found for message in messages(now) for found in alignment.take(message)]
    findings += alignment.finish()
    kinds = [found.kind for found in findings]
    equal = alignment.equal
    assert len(now) == equal + kinds.count("changed") + kinds.count("extra")
    assert len(recorded) == equal + kinds.count("changed") + kinds.count("missing")
    assert (findings == []) == (recorded == now)
