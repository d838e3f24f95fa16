"""New ids in place of recorded ones: where they are replaced, and where not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.payload.ids import IdMap
from wscli.payload.message import Message


def mapping(ids):
    made = IdMap()
    for recorded, now in ids.items():
        made.learn(recorded, now)
    return made


def sent(ids, text):
    """Return the text that is sent in place of a recorded one."""
    return mapping(ids).translate_message(Message(1, text.encode())).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id":"abc1"}', '{"id":"new2"}'),
        ('{ "id" : "abc1" , "x":1.0}', '{ "id" : "new2" , "x":1.0}'),
        ('{"url":"/rooms/abc1/join?u=abc1"}', '{"url":"/rooms/new2/join?u=new2"}'),
        ('{"topic":"room:abc1","ref":"sub_abc1-x"}', '{"topic":"room:new2","ref":"sub_new2-x"}'),
        ('42["join","abc1"]', '42["join","new2"]'),
        ("SUB abc1", "SUB new2"),
        ("abc1", "new2"),
        ('{"id":"abc12","other":"xabc1"}', '{"id":"abc12","other":"xabc1"}'),
        ('{"abc1":{}}', '{"new2":{}}'),
    ],
)
def test_a_string_is_replaced_wherever_it_stands_alone(text, expected):
    assert sent({"abc1": "new2"}, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id":17}', '{"id":42}'),
        ("[17,170,117]", "[42,170,117]"),
        ('{"price":17.5,"x":3.17}', '{"price":17.5,"x":3.17}'),
        ('{"path":"/orders/17/items"}', '{"path":"/orders/42/items"}'),
    ],
)
def test_a_number_is_replaced_where_it_is_a_whole_number(text, expected):
    assert sent({17: 42}, text) == expected


def test_all_are_replaced_in_one_pass():
    assert sent({1: 2, 2: 3}, "[1,2]") == "[2,3]"
    assert sent({"a": "b", "b": "a"}, "a b") == "b a"


def test_of_two_ids_that_begin_alike_the_longer_is_meant():
    assert sent({"user-1": "x", "user-1:2": "y"}, "user-1:2 user-1") == "y x"


def test_in_json_an_id_is_written_as_json_wants_it():
    assert sent({"abc1": 'a"b\\'}, '{"id":"abc1"}') == '{"id":"a\\"b\\\\"}'
    assert sent({'a"1': "b2"}, '{"id":"a\\"1"}') == '{"id":"b2"}'
    assert sent({"abc1": 'a"b'}, "SUB abc1") == 'SUB a"b'


def test_an_id_without_letters_and_digits_is_left_alone():
    assert sent({"***": "x1"}, "a *** b") == "a *** b"


def test_half_of_a_surrogate_pair_is_written_as_an_escape():
    assert sent({"abc1": "\ud800x"}, '{"id":"abc1"}') == '{"id":"\\ud800x"}'


def test_a_binary_message_is_left_alone():
    assert mapping({"abc1": "x"}).translate_message(Message(2, b"abc1")) == b"abc1"


def test_the_first_new_id_stays():
    made = mapping({"a1": "b1"})
    assert not made.learn("a1", "c1")
    assert made.translate("a1") == "b1"


def test_a_forgotten_id_is_replaced_no_longer():
    made = mapping({"a1": "b1", "c1": "d1"})
    made.forget("a1")
    made.forget("a1")
    assert made.translate("a1 c1") == "a1 d1"
    assert made.learn("a1", "e1")
    assert made.translate("a1 c1") == "e1 d1"


def test_values_that_are_no_ids_are_left_alone():
    made = mapping({1: 2})
    assert [made.translate(value) for value in (True, 1.5, None, 1)] == [True, 1.5, None, 2]


@given(
    st.dictionaries(st.text("ab1-", min_size=1, max_size=4), st.text("xy2", max_size=3)),
    st.text("ab1- "),
)
def test_without_a_new_id_a_text_stays(ids, text):
    same = mapping({recorded: recorded for recorded in ids})
    assert same.translate(text) == text
