"""The page of a recording in a real browser: its look, its limits, and events that come later."""

import json

import pytest

from tests.browser import find_chromium
from tests.page_events import (
    HOSTILE,
    OPENED,
    START,
    batch,
    closed,
    message,
    of_connection,
    opened,
)
from wscli.sinks.html import page_lines
from wscli.wire.events import Ping

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium here")


def appending(*recorded):
    """Return the script that adds events to a page."""
    lines = b"".join(piece for each in recorded for piece in page_lines(each))
    return f"page.append({json.dumps(lines.decode())})"


def test_events_that_come_later_are_added(show):
    page = show(opened(), message("first"))
    page.tab.run(appending(*of_connection(1, message("second", after=2), closed())))
    page.settle()
    assert [row[5] for row in page.rows] == ["first", "second"]
    assert page.text("#ending").startswith("closed with 1000")


def test_a_list_at_its_end_follows_what_comes(many):
    append = appending(*of_connection(1, message("news", after=9.95)))
    many.tab.run(append)
    many.settle()
    assert many.rows[0][0] == "1"
    many.tab.run("document.querySelector('#rows').scrollTop = 1e9")
    many.tab.run(append)
    many.settle()
    assert many.rows[-1][0] == "10,002"


def test_a_second_connection_that_comes_leaves_what_the_user_has_chosen(show):
    page = show(opened(), message("one"))
    page.click("#connections .row")
    page.tab.run(appending(*of_connection(2, opened(START + 5))))
    page.settle()
    assert len(page.connections) == 3
    assert page.is_shown("#tab-connection")


def test_a_recording_of_no_events_says_so(show):
    page = show()
    assert page.text("#summary") == "no events"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1600, 1280, 768, 400, 320])
def test_nothing_is_wider_than_the_window(many, width, dark):
    many.tab.look(width, 800, dark=dark)
    for see in ("page.showView(page.tabs[0])", "page.move(1)", "page.showView(page.tabs[1])"):
        many.tab.run(see)
        many.settle()
        assert many.tab.run("document.documentElement.scrollWidth") <= width
        assert many.tab.run("document.documentElement.scrollHeight") <= 800
    background = many.tab.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(16, 18, 20)") == dark


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_enough_contrast(show, dark):
    text = json.dumps({"text": HOSTILE, "number": 1, "constant": None}, ensure_ascii=False)
    page = show(opened(), message(text), batch(Ping(b"x")), closed(code=1011))
    page.tab.look(1280, 900, dark=dark)
    page.click("[value=control]")
    page.type("#query", "a")
    page.press("Enter")
    assert page.tab.run(LOW_CONTRASTS) == []
    page.click("#tab-connection")
    assert page.tab.run(LOW_CONTRASTS) == []


LOW_CONTRASTS = """(() => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([red, green, blue]) => {
        const [r, g, b] = [red, green, blue].map((each) => {
            const part = each / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const over = (above, below) => {
        const alpha = above[3] ?? 1;
        return [0, 1, 2].map((at) => above[at] * alpha + below[at] * (1 - alpha));
    };
    const ground = (element) => {
        if (!element) return [255, 255, 255];
        const { backgroundColor } = getComputedStyle(element);
        return over(parts(backgroundColor), ground(element.parentElement));
    };
    const low = [];
    for (const element of document.body.querySelectorAll("*")) {
        const texts = [...element.childNodes].filter((node) => node.nodeType === 3);
        if (!texts.some((node) => node.data.trim()) || !element.checkVisibility()) continue;
        if (element.matches(":disabled, script")) continue;
        const below = ground(element);
        const text = over(parts(getComputedStyle(element).color), below);
        const [high, less] = [light(text), light(below)].sort((one, other) => other - one);
        const ratio = (high + 0.05) / (less + 0.05);
        if (ratio < 4.5) low.push(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
    }
    return [...new Set(low)];
})()"""


def test_every_control_has_a_name(many):
    many.press("j")
    many.tab.command("Accessibility.enable")
    nodes = many.tab.command("Accessibility.getFullAXTree")["nodes"]
    roles = {
        "button",
        "checkbox",
        "radio",
        "searchbox",
        "textbox",
        "tab",
        "grid",
        "tree",
        "tablist",
        "splitter",
        "image",
    }
    unnamed = [
        (node["role"]["value"], node.get("backendDOMNodeId"))
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in roles
        and not node.get("name", {}).get("value")
    ]
    assert unnamed == []


def test_the_page_makes_no_request_and_no_complaint(many):
    many.press("j", "j", "Escape", "/")
    many.click("#tab-connection")
    assert many.tab.run("performance.getEntriesByType('resource').length") == 0
    assert many.tab.complaints == []


def test_a_request_of_the_page_would_be_refused(many):
    refused = "fetch('http://127.0.0.1:1/').then(() => 'done', (error) => error.message)"
    assert many.tab.run(refused) == "Failed to fetch"
    assert any("Content Security Policy" in complaint for complaint in many.tab.complaints)


def test_text_could_not_become_markup(many):
    script = "(() => { document.body.innerHTML = '<b>'; })()"
    result = many.tab.command("Runtime.evaluate", expression=script)
    assert "TrustedHTML" in result["exceptionDetails"]["exception"]["description"]


def test_the_opening_is_on_the_timeline_of_its_connection(show):
    page = show(opened(), message("x", after=5), closed())
    assert page.value("#timeline", "ariaLabel") == "0 messages sent and 1 received in 10.0 s"
    left = page.tab.run("page.timeline.toX(0)")
    assert page.tab.run(f"page.timeline.toX({OPENED})") > left
