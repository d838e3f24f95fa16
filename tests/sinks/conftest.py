"""Pages of recordings in a browser, of which there is one for all tests."""

import pytest

from tests.browser import browsing
from tests.page_events import long_session, of_connection
from tests.recording_page import RecordingPage
from wscli.sinks.html import page_pieces

MANY = 10_000


@pytest.fixture(scope="session")
def browser():
    with browsing() as tab:
        yield tab


@pytest.fixture
def recording_page(browser):
    """The browser's only tab, for pages of recordings."""
    yield RecordingPage(browser)
    browser.open("about:blank")


@pytest.fixture
def show_recorded(recording_page, tmp_path):
    """Return a function that shows some events, of any connections."""

    def show_events(events):
        path = tmp_path / "page.html"
        write(path, events)
        recording_page.open(path)
        return recording_page

    return show_events


@pytest.fixture
def show(show_recorded):
    """Return a function that shows the events of one connection."""
    return lambda *events: show_recorded(of_connection(1, *events))


@pytest.fixture(scope="session")
def many_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "many.html"
    write(path, long_session(MANY))
    return path


@pytest.fixture
def many(recording_page, many_path):
    """The page of 10,000 messages."""
    recording_page.open(many_path)
    return recording_page


def write(path, events):
    with path.open("wb") as output:
        output.writelines(page_pieces(events, "session.jsonl"))
