"""The page for the browser, in Chromium."""

import json

import pytest
from websockets.sync.client import connect

from tests.browser import browsing, find_chromium
from tests.program import start
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium here")

ROWS = """[...document.querySelectorAll("#rows li")].map(
    (row) => [...row.children].slice(1).map((cell) => cell.textContent))"""


@pytest.fixture(scope="module")
def browser():
    with browsing() as tab:
        yield tab


@pytest.fixture
def page(browser, serve):
    """The page of a server that runs for this test, in the browser's only tab."""
    server = serve()
    browser.look(1280, 900)
    browser.open(f"{server.page}/")
    browser.complaints.clear()
    page = Page(browser, server)
    yield page
    browser.open("about:blank")


class Page:
    """The actions of a user on the page."""

    def __init__(self, tab, server):
        self.tab = tab
        self.server = server

    def click(self, selector):
        self.tab.run(f"document.querySelector({json.dumps(selector)}).click()")

    def type(self, selector, text):
        script = f"document.querySelector({json.dumps(selector)}).value = {json.dumps(text)}"
        self.tab.run(script)

    def connect(self, target):
        """Type a path, and connect to it."""
        self.type("#target", target)
        self.click("#connect")

    def wait_for_state(self, state):
        wait_until(lambda: self.tab.run("document.querySelector('#state').textContent") == state)

    def send(self, text, kind="text"):
        self.click(f"[value={kind}]")
        self.type("#message", text)
        self.click("#send")

    def messages(self, count):
        """Wait for ``count`` messages; return the arrow, kind, size and text of each."""

        def rows():
            return [row for row in self.tab.run(ROWS) if row[1] in ("text", "binary", "http")]

        return wait_until(lambda: rows() if len(rows()) >= count else None)

    def note(self, beginning):
        """Wait for a note with this beginning, and return it."""

        def find():
            notes = [row[3] for row in self.tab.run(ROWS) if row[0] == "·"]
            return next((note for note in notes if note.startswith(beginning)), None)

        return wait_until(find)


def test_the_page_sends_and_receives_text_and_binary(page):
    page.click("[data-target='/echo']")
    page.wait_for_state("open")
    page.send("héllo")
    page.send("00 ff 7f", kind="binary")
    messages = page.messages(4)
    text, binary = ["text", "6 B", "héllo"], ["binary", "3 B", f"{'00 ff 7f':48}..."]
    for arrow in "↑↓":
        assert [row[1:] for row in messages if row[0] == arrow] == [text, binary]


def test_page_and_program_in_a_hub_get_each_others_messages(page):
    page.connect("/hub/both")
    page.wait_for_state("open")
    with start("pipe", f"{page.server.url}/hub/both") as program:
        program.stdin.write(b"from the program\n")
        program.stdin.flush()
        assert page.messages(1) == [["↓", "text", "16 B", "from the program"]]
        assert program.stdout.readline() == b"from the program\n"
        page.send("from the page")
        assert program.stdout.readline() == b"from the page\n"
        assert page.messages(3)[1:] == [
            ["↑", "text", "13 B", "from the page"],
            ["↓", "text", "13 B", "from the page"],
        ]
        program.stdin.close()
        program.wait()


def test_the_code_and_reason_of_a_close_are_shown(page):
    page.connect("/close?code=4001&reason=bye")
    page.wait_for_state("closed 4001")
    assert page.note("closed") == "closed: 4001 application code “bye”"


def test_a_dropped_connection_shows_1006(page):
    page.click("[data-target='/fault/drop']")
    page.wait_for_state("closed 1006")
    assert page.note("closed") == "closed: 1006 lost without a Close frame"


def test_the_page_says_that_an_upgrade_failed(page):
    page.connect("/status/403")
    page.wait_for_state("closed 1006")
    assert "the upgrade failed" in page.note("closed")


def test_the_page_closes_with_the_code_and_reason_typed(page):
    page.connect("/hub")
    page.wait_for_state("open")
    page.type("#code", "4242")
    page.type("#reason", "enough of this")
    page.click("#close")
    page.wait_for_state("closed 4242")
    visits = [page.server.visit()]
    while not visits[-1].upgraded:
        visits.append(page.server.visit())
    assert (visits[-1].code, visits[-1].reason) == (4242, "enough of this")


def test_a_code_that_a_browser_may_not_send_is_an_error(page):
    page.connect("/echo")
    page.wait_for_state("open")
    page.type("#code", "1002")
    page.click("#close")
    assert "1000" in page.note("The close code")
    page.wait_for_state("open")


def test_a_burst_is_counted_completely_and_shown_in_part(page):
    page.connect("/push?n=3000&size=10")
    page.wait_for_state("closed 1000")
    wait_until(lambda: page.tab.run("document.querySelector('#in-count').textContent") == "3,000")
    assert page.tab.run("document.querySelectorAll('#rows li').length") == 500
    peak = "document.querySelector('#peak').textContent"
    wait_until(lambda: "peak" in page.tab.run(peak))


@pytest.mark.parametrize(("size", "cut"), [(512, False), (513, True), (5000, True)])
def test_a_long_binary_message_is_marked_as_cut(page, size, cut):
    page.connect(f"/push?n=1&size={size}&op=binary")
    (row,) = page.messages(1)
    assert row[3].endswith(" …") == cut


def test_the_page_can_poll_ticks(page):
    page.click("[data-target^='/longpoll']")
    (row,) = page.messages(1)
    assert row[:3] == ["↓", "http", "200"]
    assert json.loads(row[3])[0]["tick"] > 0


def test_received_text_is_never_interpreted_as_markup(page):
    page.connect("/hub")
    page.wait_for_state("open")
    attack = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    with connect(f"{page.server.url}/hub") as other:
        other.send(attack)
        assert page.messages(1)[0][3] == attack
    assert page.tab.run("document.querySelectorAll('#rows img, #rows script').length") == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_the_page_fits_the_window(page, width, dark):
    page.connect("/hub")
    page.wait_for_state("open")
    page.send("a long message without a space: " + "x" * 300)
    page.messages(2)
    page.tab.look(width, 800, dark=dark)
    assert page.tab.run("document.documentElement.scrollWidth") <= width
    background = page.tab.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(16, 18, 20)") == dark


def test_the_page_writes_nothing_to_the_console(page):
    for target in ("/echo", "/ticks?interval=50ms&count=2", "/headers"):
        page.connect(target)
        page.wait_for_state("open" if target == "/echo" else "closed 1000")
        if target == "/echo":
            page.click("#connect")
            page.wait_for_state("closed 1005")
    page.click("#clear")
    assert page.tab.complaints == []
