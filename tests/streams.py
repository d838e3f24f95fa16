"""Streams of frames: strategies for them and for their arrival, and reading them; kept output."""

from itertools import pairwise

from hypothesis import strategies as st

from wscli.wire.frames import Frame

SIZES = st.one_of(st.integers(0, 300), st.sampled_from([125, 126, 127, 65535, 65536, 70000]))


@st.composite
def frames(draw):
    """Any frame, legal or not."""
    size = draw(SIZES)
    payload = (draw(st.binary(min_size=1, max_size=64)) * size)[:size]
    shortest = Frame(0, payload).length_form
    return Frame(
        draw(st.integers(0, 15)),
        payload,
        fin=draw(st.booleans()),
        rsv=draw(st.integers(0, 7)),
        mask_key=draw(st.none() | st.binary(min_size=4, max_size=4)),
        length_form=draw(st.sampled_from([form for form in (7, 16, 64) if form >= shortest])),
    )


def items(receiver, *chunks):
    """Return the items of all batches that the chunks produce."""
    return [item for chunk in chunks for batch in receiver.receive(chunk) for item in batch]


@st.composite
def cuts(draw, data):
    """Chunks that ``data`` could arrive in."""
    points = draw(st.lists(st.integers(0, len(data)), max_size=12).map(sorted))
    edges = [0, *points, len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


class KeptOutput:
    """A raw stream that keeps the bytes written to it."""

    def __init__(self):
        self.written = b""

    def write(self, data):
        self.written += bytes(data)
        return len(data)
