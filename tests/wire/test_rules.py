"""Each rule of the table is broken by one frame, and only that rule is named."""

import pytest

from wscli.wire.codes import Opcode, Role
from wscli.wire.frames import Frame
from wscli.wire.rules import FRAME_RULES, PAYLOAD_RULES, FrameContext, judge

KEY = b"\x01\x02\x03\x04"

BREAKS = {
    "reserved-bits": FrameContext(Frame(Opcode.TEXT, rsv=2), Role.CLIENT, True, False),
    "reserved-opcode": FrameContext(Frame(0x3), Role.CLIENT, False, False),
    "compressed-bit": FrameContext(Frame(Opcode.PING, rsv=4), Role.CLIENT, True, False),
    "masked-frame": FrameContext(Frame(Opcode.TEXT, mask_key=KEY), Role.CLIENT, False, False),
    "unmasked-frame": FrameContext(Frame(Opcode.TEXT), Role.SERVER, False, False),
    "fragmented-control": FrameContext(Frame(Opcode.PING, fin=False), Role.CLIENT, False, False),
    "oversize-control": FrameContext(Frame(Opcode.PONG, bytes(126)), Role.CLIENT, False, False),
    "length-form": FrameContext(
        Frame(Opcode.TEXT, b"x", length_form=16), Role.CLIENT, False, False
    ),
    "length-sign": FrameContext(
        Frame(Opcode.TEXT, length=1 << 63, length_form=64), Role.CLIENT, False, False
    ),
    "stray-continuation": FrameContext(Frame(Opcode.CONTINUATION), Role.CLIENT, False, False),
    "interleaved-message": FrameContext(Frame(Opcode.TEXT), Role.CLIENT, False, True),
}


@pytest.mark.parametrize("rule", [rule for rule, _ in FRAME_RULES], ids=lambda rule: rule.id)
def test_a_frame_that_breaks_one_rule_violates_only_that_rule(rule):
    case = BREAKS[rule.id]
    assert [other.id for other, broken in FRAME_RULES if broken(case)] == [rule.id]
    violation = judge(case)
    assert violation.rule is rule
    assert rule.section in str(violation)
    assert rule.sentence in str(violation)


@pytest.mark.parametrize(
    "case",
    [
        FrameContext(Frame(Opcode.TEXT, b"x"), Role.CLIENT, False, False),
        FrameContext(Frame(Opcode.TEXT, b"x", mask_key=KEY), Role.SERVER, False, False),
        FrameContext(Frame(Opcode.TEXT, rsv=4), Role.CLIENT, True, False),
        FrameContext(Frame(Opcode.CONTINUATION, fin=False), Role.CLIENT, False, True),
        FrameContext(Frame(Opcode.PING, bytes(125)), Role.CLIENT, False, True),
        FrameContext(Frame(Opcode.BINARY, bytes(126)), Role.CLIENT, False, False),
        FrameContext(Frame(Opcode.BINARY, bytes(65536)), Role.CLIENT, False, False),
    ],
)
def test_a_legal_frame_breaks_no_rule(case):
    assert judge(case) is None


def test_rule_names_are_unique():
    names = [rule.id for rule, _ in FRAME_RULES] + [rule.id for rule in PAYLOAD_RULES]
    assert len(names) == len(set(names))


def test_the_evidence_shows_the_header_as_it_was():
    frame = Frame(0x3, b"abc", fin=False, rsv=2, mask_key=KEY)
    violation = judge(FrameContext(frame, Role.SERVER, False, False))
    assert violation.evidence == (
        "reserved-0x3 frame, not fin, rsv 010, mask key 01020304, length 3 in 7 bits"
    )
