"""The picture of a session in README."""

from xml.etree import ElementTree

from tests.picture import PICTURE, make_picture


def test_the_picture_shows_what_wscli_shows():
    assert PICTURE.read_text(encoding="utf-8") == make_picture(), "python -m tests.picture"


def test_the_picture_is_a_small_svg_with_a_title():
    assert PICTURE.stat().st_size < 60_000
    root = ElementTree.fromstring(PICTURE.read_text(encoding="utf-8"))  # noqa: S314, it is ours
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].text == "A session with wscli in a terminal"
