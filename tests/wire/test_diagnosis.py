"""Bodies made readable, including hostile ones."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.wire.diagnosis import show_body
from wscli.wire.head import parse_response

HTML = parse_response(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n")
MARKUP = [
    "<!--",
    "<![",
    "<![CDATA[",
    "<!",
    "<?",
    "<",
    "</",
    "<a ",
    "<a b='",
    "&#",
    "<pre>",
    "<svg>",
    "<script>",
]


def test_markup_is_not_shown():
    page = b"<!DOCTYPE html><!-- no --><title>A &lt; B</title><p>one <i>two</i><br>three"
    assert show_body(HTML, page) == "A < B\none two\nthree"


def test_a_heading_that_repeats_the_title_is_left_out():
    assert show_body(HTML, b"<title>Not Found</title>\n<h1>Not Found</h1>") == "Not Found"


def test_scripts_and_styles_are_not_shown():
    page = b"a<script>if (1 < 2) x('<p>no</p>')</script>b<STYLE>p > i { }</STYLE>c<svg><text>d"
    assert show_body(HTML, page).split() == ["a", "b", "c"]


def test_the_lines_of_preformatted_text_are_kept():
    assert show_body(HTML, b"<pre>one\ntwo</pre>\nthree\nfour") == "one\ntwo\nthree four"


def test_a_long_page_ends_with_the_amount_left_out():
    page = b"".join(b"<p>line %d</p>" % number for number in range(30))
    assert show_body(HTML, page).splitlines()[19:] == [
        "line 19",
        f"[10 more lines, {len(page)} bytes of HTML in all]",
    ]


def test_a_compressed_body_is_described_and_not_shown():
    head = parse_response(b"HTTP/1.1 403 No\r\nContent-Encoding: gzip\r\n\r\n")
    assert show_body(head, b"\x1f\x8b") == "[2 bytes, gzip]"


@pytest.mark.parametrize("markup", MARKUP)
def test_hostile_markup_is_read_in_linear_time(markup):
    begin = time.process_time()
    show_body(HTML, (markup * 65536)[:65536].encode())
    assert time.process_time() - begin < 2


@given(st.lists(st.sampled_from([*MARKUP, "-->", ">", "]]>", "x", "!--", "\0"]), max_size=40))
def test_any_markup_can_be_shown(parts):
    show_body(HTML, "".join(["<", *parts]).encode())
