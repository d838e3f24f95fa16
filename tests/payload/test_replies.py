"""Replies are recognised by their ids, in exchanges of real protocols."""

import pytest

from wscli.payload.message import Message
from wscli.payload.replies import Reply, read_call

INIT = '{"type":"connection_init"}'
GRAPHQL = '{"id":"1","type":"subscribe","payload":{"query":"{a}"}}'
RPC = '{"jsonrpc":"2.0","id":1,"method":"sum","params":[1,2]}'
CDP = '{"id":7,"method":"Browser.getVersion"}'
OCPP = '[2,"a7","BootNotification",{"chargePointModel":"x"}]'
SIGNALR = '{"type":1,"invocationId":"5","target":"Send","arguments":[]}\x1e'
HANDSHAKE = '{"protocol":"json","version":1}\x1e'
PHOENIX = '["0","4","room:1","phx_join",{}]'
PHOENIX_1 = '{"topic":"realtime:x","event":"phx_join","payload":{},"ref":"4"}'
JUPYTER = '{"header":{"msg_id":"m1","msg_type":"execute_request"},"content":{},"channel":"shell"}'
BATCH = '[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":"x","method":"b"}]'


def received(text):
    return Message(1, text.encode())


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        (INIT, '{"type":"connection_ack"}'),
        (GRAPHQL, '{"id":"1","type":"next","payload":{"data":{"a":1}}}'),
        (GRAPHQL, '{"id":"1","type":"complete"}'),
        ('{"id":"1","type":"start","payload":{}}', '{"type":"data","id":"1","payload":{}}'),
        (RPC, '{"jsonrpc":"2.0","result":3,"id":1}'),
        (RPC, '{"id":1,"result":3,"error":null}'),
        (CDP, '{"id":7,"result":{"product":"Chrome"}}'),
        ('{"op":"subscribe","id":"s"}', '{"success":true,"id":"s"}'),
        ('{"action":"join","id":3}', ' {"id": 3}'),
        ('{"id":"ü/x","type":"t"}', '{"id":"\\u00fc\\/x"}'),
        (OCPP, '[3,"a7",{"status":"Accepted"}]'),
        ('42["chat"]', None),
        ('4212["join",{"room":1}]', '4312["ok"]'),
        ('4212["join"]', '461-12[{"_placeholder":true,"num":0}]'),
        ('42/admin,1["join"]', "43/admin,1[]"),
        ("40", '40{"sid":"x"}'),
        ("40", "40"),
        ('40{"token":"x"}', '40{"sid":"x"}'),
        ('40/admin,{"token":"x"}', '40/admin,{"sid":"x"}'),
        (SIGNALR, '{"type":6}\x1e{"type":3,"invocationId":"5","result":1}\x1e'),
        (SIGNALR, '{"type":2,"invocationId":"5","item":1}\x1e'),
        (HANDSHAKE, "{}\x1e"),
        (PHOENIX, '["0","4","room:1","phx_reply",{"status":"ok","response":{}}]'),
        (
            PHOENIX_1,
            '{"topic":"realtime:x","event":"phx_reply","payload":{"status":"ok"},"ref":"4"}',
        ),
        (JUPYTER, '{"parent_header":{"msg_id":"m1"},"content":{"status":"ok"}}'),
        (
            JUPYTER,
            '{"header":{"msg_type":"execute_reply"},"parent_header":{"msg_id":"m1"},"content":{}}',
        ),
        (BATCH, '[{"jsonrpc":"2.0","id":"x","result":1},{"jsonrpc":"2.0","id":1,"result":1}]'),
        (RPC, RPC),  # an echo
        ('4212["echo"]', '4212["echo"]'),
    ],
)
def test_a_reply_is_recognised(sent, reply):
    call = read_call(sent.encode())
    if reply is None:
        assert call is None
    else:
        assert call.reply(received(reply)) == Reply()


@pytest.mark.parametrize(
    ("sent", "other"),
    [
        (INIT, '{"type":"ka"}'),
        (INIT, '{"type":"ping"}'),
        (GRAPHQL, '{"id":"10","type":"next"}'),
        (GRAPHQL, '{"id":1,"type":"next"}'),
        (RPC, '{"jsonrpc":"2.0","id":1,"method":"window/ask"}'),
        (RPC, '{"jsonrpc":"2.0","method":"note","params":{"id":1}}'),
        (RPC, "1"),
        (RPC, '{"id":1'),
        (RPC, "[" * 5000 + "1"),
        (CDP, '{"method":"Target.targetCreated","params":{"id":7}}'),
        ('{"op":"x","id":1}', '{"id":true}'),
        (OCPP, '[2,"a7","Reset",{}]'),
        (OCPP, '[3,"a8",{}]'),
        (OCPP, "[3]"),
        ('4212["join"]', '431["ok"]'),
        ('4212["join"]', '43/admin,12["ok"]'),
        ('42/admin,12["join"]', '4312["ok"]'),
        ("40", '0{"sid":"x","pingInterval":25000}'),
        ("40", '40/admin,{"sid":"x"}'),
        ("40/admin,", '40/admin2,{"sid":"x"}'),
        ("40/admin,", '40{"sid":"x"}'),
        (SIGNALR, '{"type":1,"invocationId":"5","target":"Ask","arguments":[]}\x1e'),
        (SIGNALR, '{"type":6}\x1e'),
        (HANDSHAKE, '{"type":6}\x1e'),
        (PHOENIX, '["0",null,"room:1","new_msg",{}]'),
        (PHOENIX, '["0","4","room:1","new_msg",{}]'),
        (
            JUPYTER,
            '{"header":{"msg_type":"status"},"parent_header":{"msg_id":"m1"},"content":{}}',
        ),
        (BATCH, '[{"jsonrpc":"2.0","id":2,"result":1}]'),
    ],
)
def test_another_message_is_not_a_reply(sent, other):
    assert read_call(sent.encode()).reply(received(other)) is None


@pytest.mark.parametrize(
    ("sent", "reply", "error"),
    [
        (INIT, '{"type":"connection_error","payload":{"message":"no token"}}', "no token"),
        (
            GRAPHQL,
            '{"id":"1","type":"error","payload":[{"message":"Syntax Error"}]}',
            "Syntax Error",
        ),
        (
            RPC,
            '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}',
            "-32601: Method not found",
        ),
        (
            RPC,
            '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}',
            "-32700: Parse error",
        ),
        (
            CDP,
            '{"error":{"code":-32601,"message":"\'X\' wasn\'t found"},"id":7}',
            "-32601: 'X' wasn't found",
        ),
        (
            '{"id":1,"type":"call"}',
            '{"id":1,"type":"result","success":false,"error":{"code":"unauthorized"}}',
            "unauthorized",
        ),
        (OCPP, '[4,"a7","NotSupported","no such action",{}]', "NotSupported: no such action"),
        ("40", '44{"message":"Not authorized"}', "Not authorized"),
        ("40/admin,", '44/admin,{"message":"no"}', "no"),
        (SIGNALR, '{"type":3,"invocationId":"5","error":"Unknown hub"}\x1e', "Unknown hub"),
        (HANDSHAKE, '{"error":"The protocol is unknown"}\x1e', "The protocol is unknown"),
        (
            PHOENIX,
            '["0","4","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched"}}]',
            "unmatched",
        ),
        (
            JUPYTER,
            '{"header":{"msg_type":"execute_reply"},"parent_header":{"msg_id":"m1"},'
            '"content":{"status":"error","ename":"ZeroDivisionError","evalue":"division by zero"}}',
            "ZeroDivisionError: division by zero",
        ),
        (
            BATCH,
            '[{"jsonrpc":"2.0","id":1,"result":1},'
            '{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"late"}}]',
            "1: late",
        ),
    ],
)
def test_an_error_reply_is_described(sent, reply, error):
    assert read_call(sent.encode()).reply(received(reply)) == Reply(error)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "hello",
        "42",
        "40 apples",
        "421",
        '{"id":1}',
        '{"type":"session.update"}',
        '{"id":null,"method":"x"}',
        '{"id":"","type":"x"}',
        "[1,2,3]",
        "[2]",
        '"text"',
        "{",
        "\udcff",
    ],
)
def test_a_message_without_an_id_is_not_a_call(sent):
    assert read_call(sent.encode(errors="surrogateescape")) is None
