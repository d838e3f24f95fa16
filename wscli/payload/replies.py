"""Match replies to messages, by the ids of protocols on top of WebSocket.

``read_call`` reads a message that is sent. If it has an id, the returned ``Call`` recognises the
replies among the received messages, and the errors among the replies. For a message without an id
it returns None, and the caller takes the next message for the reply.

Here a *call* is a message that asks for a reply, and a *judge* is a function that returns the
``Reply`` in a value, or None. Judges are made for one id each.

====================  =========================================  ================================
protocol              sent                                       reply
====================  =========================================  ================================
JSON-RPC, DevTools,   ``id`` beside ``method``, ``type``,        the same ``id``
GraphQL …             ``op``, ``action`` or ``jsonrpc``
GraphQL               ``"type":"connection_init"``               connection_ack, connection_error
OCPP-J                ``[2,"id",…]``                             ``[3,"id",…]``, ``[4,"id",…]``
Socket.IO             ``42/ns,N[…]``                             ``43/ns,N[…]``, ``46K-/ns,N[…]``
Socket.IO             ``40/ns,{…}``                              ``40/ns,…``, ``44/ns,…``
SignalR               ``invocationId``, handshake                types 2 and 3; no ``type``
Jupyter               ``header.msg_id``                          ``parent_header.msg_id``
Phoenix               ``ref`` of an array, or beside ``topic``   ``phx_reply`` with that ``ref``
====================  =========================================  ================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeGuard

from wscli.payload.codecs import value_of
from wscli.payload.message import Message
from wscli.wire.codes import Opcode

_RECORD_END = b"\x1e"  # after each record of SignalR, of which a message may hold several

# An object with an "id" alone may be data, such as a chat message. One of these beside it makes it
# a call: they name what the peer is asked to do.
_CALL_MARKS = frozenset({"method", "type", "op", "action", "jsonrpc"})

# "4" is a message of Engine.IO; of Socket.IO, "0" is CONNECT and "2" EVENT, here with an ack id.
_SOCKETIO_EVENT = rb"42(/[^,\[]*,)?(\d+)\["
_SOCKETIO_CONNECT = rb"(?s)40(?:(/[^,{]*),?)?(?:\{.*)?"
_PLAIN_ID = r"(?a)[\w-]+"
_STRUCTURED = (dict, list, str)
_LONGEST_ERROR = 200  # characters of an error's description


class Reply(NamedTuple):
    """A reply; ``error`` describes the error that it reports, or is empty."""

    error: str = ""


_Judge = Callable[[Any], Reply | None]


class Call:
    """A message that was sent, with the judge of its replies; ``label`` shows its id to users.

    ``needle`` are bytes that every reply contains, or empty if there are none.
    """

    def __init__(
        self, sent: bytes, label: str, judge: Callable[[Message], Reply | None], needle: bytes = b""
    ) -> None:
        self.label = label
        self._sent = sent
        self._judge = judge
        self._needle = needle

    def reply(self, message: Message) -> Reply | None:
        """Return the reply in a message, or None if it is not a reply to this call.

        A copy of the message that was sent is a reply too, since echo servers return it.
        """
        if message.payload == self._sent:
            return Reply()
        # Most messages of a busy stream do not contain the id, and are not parsed for that reason.
        return self._judge(message) if self._needle in message.payload else None


def read_call(sent: bytes) -> Call | None:
    """Return the call in a message, or None if nothing in it identifies its reply."""
    if sent.startswith((b"40", b"42")):
        return _socketio_call(sent)
    # As a binary message, since a user may send anything as text, also invalid UTF-8.
    for value in _values(Message(Opcode.BINARY, sent)):
        for read in (_read_object, _read_array):
            if (found := read(value)) is not None:
                label, judge, needle = found
                return Call(sent, label, _judge_values(judge), needle)
    return None


# A call in a value: its label, the judge of its replies, and its needle; see Call.
_CallInValue = tuple[str, _Judge, bytes]


# From the most to the least specific form: a message of Jupyter or SignalR may have an "id" or a
# "type" as well.
def _read_object(value: Any) -> _CallInValue | None:
    if not isinstance(value, dict):
        return None
    header = value.get("header")
    if isinstance(header, dict) and is_id(header.get("msg_id")):
        return _make_call("msg_id", header["msg_id"], _judge_jupyter)
    if is_id(value.get("invocationId")):
        return _make_call("invocationId", value["invocationId"], _judge_signalr)
    if is_id(value.get("ref")) and {"topic", "event"} <= value.keys():
        return _make_call("ref", value["ref"], _judge_phoenix)
    if is_id(value.get("id")) and value.keys() & _CALL_MARKS:
        return _read_call_with_id(value)
    # These two have no id: there can only be one of each on a connection.
    if value.get("type") == "connection_init":
        return "connection_init", _judge_connection_init, b"connection_"
    if value.keys() == {"protocol", "version"}:
        return "handshake", _judge_signalr_handshake, b""
    return None


def _read_call_with_id(value: dict[str, Any]) -> _CallInValue:
    label, judge, needle = _make_call("id", value["id"], _judge_id)
    if "jsonrpc" not in value:
        return label, judge, needle

    def judge_rpc(reply: Any) -> Reply | None:
        """Accept an error without an id, too."""
        # "If there was an error in detecting the id in the Request object (e.g. Parse error/Invalid
        # Request), it MUST be Null" (JSON-RPC 2.0 §5). So there is no needle either.
        if isinstance(reply, dict) and reply.get("error") and reply.get("id", 0) is None:
            return Reply(_describe(reply["error"]))
        return judge(reply)

    return label, judge_rpc, b""


def _read_array(value: Any) -> _CallInValue | None:
    if not isinstance(value, list):
        return None
    # OCPP-J: [2, id, action, payload], where 2 is CALL. Phoenix: [join_ref, ref, topic, event,
    # payload]. Any other array may be a batch of JSON-RPC.
    if len(value) == 4 and value[0] == 2 and isinstance(value[1], str):
        return _make_call("id", value[1], _judge_ocpp)
    if len(value) == 5 and is_id(value[1]) and isinstance(value[3], str):
        return _make_call("ref", value[1], _judge_phoenix)
    calls = [found for item in value if (found := _read_object(item)) is not None]
    if not calls:
        return None
    judges = [judge for _, judge, _ in calls]

    def judge_batch(reply: Any) -> Reply | None:
        """Accept the reply to any call of the batch: the server may answer them in any order."""
        return next((known for judge in judges if (known := judge(reply)) is not None), None)

    return f"batch of {len(calls)}", judge_batch, b""


def _make_call(
    name: str, key: str | int, judge: Callable[[str | int, Any], Reply | None]
) -> _CallInValue:
    # JSON may write other characters in two ways, as themselves or escaped.
    plain = isinstance(key, int) or re.fullmatch(_PLAIN_ID, key)
    needle = str(key).encode() if plain else b""
    return f"{name} {key}", lambda value: judge(key, value), needle


def _judge_id(key: str | int, value: Any) -> Reply | None:
    if not isinstance(value, dict) or not _same(value.get("id"), key):
        return None
    if "method" in value and not value.keys() & {"result", "error"}:
        return None  # a request from the peer, which has its own numbering
    # An "error" of null is no error: JSON-RPC 1.0 and others send it with each result.
    if value.get("error"):
        return Reply(_describe(value["error"]))
    # GraphQL over WebSocket: {"type": "error", "id": …, "payload": [errors]}.
    if value.get("type") == "error":
        return Reply(_describe(value.get("payload", value)))
    return Reply()


def _judge_connection_init(value: Any) -> Reply | None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "connection_error":
        return Reply(_describe(value.get("payload", value)))
    return Reply() if kind == "connection_ack" else None


# [3, id, payload] is CALLRESULT, and [4, id, code, description, details] CALLERROR.
def _judge_ocpp(key: str | int, value: Any) -> Reply | None:
    if not isinstance(value, list) or len(value) < 3 or not _same(value[1], key):
        return None
    if value[0] == 4:
        return Reply(": ".join(str(part) for part in value[2:4] if part) or "CALLERROR")
    return Reply() if value[0] == 3 else None


# Serializer 2.0 of Phoenix sends arrays, 1.0 objects.
def _judge_phoenix(key: str | int, value: Any) -> Reply | None:
    if isinstance(value, list) and len(value) == 5:
        _, ref, _, event, payload = value
    elif isinstance(value, dict):
        ref, event, payload = (value.get(name) for name in ("ref", "event", "payload"))
    else:
        return None
    if event != "phx_reply" or not _same(ref, key):
        return None
    if isinstance(payload, dict) and payload.get("status") == "error":
        return Reply(_describe(payload.get("response") or "error"))
    return Reply()


def _judge_signalr(key: str | int, value: Any) -> Reply | None:
    if not isinstance(value, dict) or not _same(value.get("invocationId"), key):
        return None
    if value.get("type") not in (2, 3):  # a stream's item, and a completion
        return None
    return Reply(_describe(value["error"])) if value.get("error") else Reply()


# The response to SignalR's handshake is {} or {"error": …}, without the type of other messages.
def _judge_signalr_handshake(value: Any) -> Reply | None:
    if not isinstance(value, dict) or "type" in value:
        return None
    return Reply(_describe(value["error"])) if value.get("error") else Reply()


def _judge_jupyter(key: str | int, value: Any) -> Reply | None:
    parent = value.get("parent_header") if isinstance(value, dict) else None
    if not isinstance(parent, dict) or not _same(parent.get("msg_id"), key):
        return None
    header = value.get("header")
    kind = header.get("msg_type") if isinstance(header, dict) else None
    if isinstance(kind, str) and not kind.endswith("_reply"):
        return None  # status, stream, execute_input: other messages that a request causes
    content = value.get("content")
    if isinstance(content, dict) and content.get("status") == "error":
        name, text = content.get("ename"), content.get("evalue")
        return Reply(": ".join(str(part) for part in (name, text) if part) or "error")
    return Reply()


def _socketio_call(sent: bytes) -> Call | None:
    if match := re.match(_SOCKETIO_EVENT, sent):
        # "3" is ACK, and "6N-" BINARY_ACK, whose N attachments follow as binary messages.
        namespace, number = re.escape(match[1] or b""), match[2]
        ack = re.compile(rb"4(?:3|6\d+-)" + namespace + number + rb"\[")
        label = f"ack {number.decode()}"
        return Call(sent, label, lambda message: Reply() if ack.match(message.payload) else None)
    if match := re.fullmatch(_SOCKETIO_CONNECT, sent):
        # "0" is CONNECT and "4" CONNECT_ERROR. The namespace must not be the beginning of another.
        namespace = re.escape(match[1]) + rb"(?![^,{])" if match[1] else rb"(?!/)"
        answer = re.compile(rb"4([04])" + namespace + rb",?(.*)", re.DOTALL)

        def judge(message: Message) -> Reply | None:
            """Accept the answer of the namespace, with an object, a string or nothing."""
            found = answer.match(message.payload)
            if found is None or (found[2] and not found[2].startswith((b"{", b'"'))):
                return None
            if found[1] == b"0":
                return Reply()
            values = _values(Message(message.opcode, found[2]))
            return Reply(next(map(_describe, values), "error"))

        return Call(sent, "connect", judge)
    return None


def _judge_values(judge: _Judge) -> Callable[[Message], Reply | None]:
    """Return a judge of messages: of each record, and of each element of a batch."""

    def judge_message(message: Message) -> Reply | None:
        """Return the first reply, or an error of its batch: one error fails the whole batch."""
        # ``once``: with several calls in flight, each of them judges every message.
        for value in message.once(_values):
            batch = value if isinstance(value, list) else []
            for item in (value, *batch):
                if (reply := judge(item)) is not None:
                    return _first_error(judge, batch) or reply
        return None

    return judge_message


def _first_error(judge: _Judge, batch: list[Any]) -> Reply | None:
    replies = (judge(item) for item in batch)
    return next((reply for reply in replies if reply is not None and reply.error), None)


def _values(message: Message) -> list[Any]:
    """Return the objects, arrays and strings in a message; it may consist of records."""
    if _RECORD_END in message.payload:
        parts = message.payload.split(_RECORD_END)
        values = [value_of(Message(message.opcode, part, message.subprotocol)) for part in parts]
    else:
        values = [value_of(message)]
    return [value for value in values if isinstance(value, _STRUCTURED)]


def is_id(value: Any) -> TypeGuard[str | int]:
    """Return True for a value that may be an id: a string that is not empty, or an integer."""
    # bool is an int in Python, but not an id in JSON.
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _same(value: Any, key: str | int) -> bool:
    # The types too: "1" and 1 are different ids, and True == 1 in Python.
    return type(value) is type(key) and bool(value == key)


def _describe(error: Any) -> str:
    """Describe an error in one line: its code and message, if it has them."""
    # GraphQL sends a list of errors.
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, dict):
        parts = [error.get("code"), error.get("message", error.get("reason"))]
        text = ": ".join(str(part) for part in parts if part is not None)
        if not text:
            import json

            text = json.dumps(error, ensure_ascii=False)
    else:
        text = str(error)
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}…"
