"""The page of a recording, as a person sees and uses it in a browser."""

import json

from tests.waiting import wait_until

TEXT_KEYS = {"Enter": "\r", " ": " "}

SHOWN_ROWS = """[...document.querySelectorAll("SELECTOR .row:not([hidden])")]
    .sort((one, other) => one.rowIndex - other.rowIndex)
    .map((row) => [...row.children].map((cell) => cell.textContent))"""
SHOWN_NODES = """[...document.querySelectorAll(".node:not([hidden])")]
    .sort((one, other) => one.rowIndex - other.rowIndex)
    .map((row) => [...row.children].slice(1).map((cell) => cell.textContent).filter(Boolean))
    .map((cells) => cells.join(": "))"""
IS_IDLE = "page?.loaded && page.filter.done && !page.drawing"


class RecordingPage:
    """The page in a tab, with the actions of a user."""

    def __init__(self, tab):
        self.tab = tab

    def open(self, path):
        self.tab.complaints.clear()
        self.tab.look(1280, 900)
        self.tab.open(path.as_uri())
        self.settle()

    def settle(self):
        """Wait until everything is drawn."""
        wait_until(lambda: self.tab.run(IS_IDLE))

    def text(self, selector):
        return self.tab.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def value(self, selector, name):
        return self.tab.run(f"document.querySelector({json.dumps(selector)}).{name}")

    def is_shown(self, selector):
        return self.tab.run(f"document.querySelector({json.dumps(selector)}).checkVisibility()")

    def click(self, selector):
        self.tab.run(f"document.querySelector({json.dumps(selector)}).click()")
        self.settle()

    def press(self, *keys):
        for key in keys:
            text = key if len(key) == 1 else TEXT_KEYS.get(key, "")
            self.tab.command("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
            self.tab.command("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.settle()

    def type(self, selector, text):
        """Replace the text of an input."""
        self.tab.run(f"document.querySelector({json.dumps(selector)}).select()")
        self.tab.command("Input.insertText", text=text)
        if not text:
            self.press("Backspace")
        self.settle()

    def drag(self, selector, start, end):
        """Drag the mouse across an element, from one part of its width to another."""
        script = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()"
        box = self.tab.run(script)
        kinds = (("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end))
        for kind, part in kinds:
            x, y = box["x"] + part * box["width"], box["y"] + box["height"] / 2
            self.tab.command(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )
        self.settle()

    @property
    def rows(self):
        """The rows that can be seen: number, time, arrow, type, size and payload of each."""
        return [cells[1:] for cells in self.tab.run(SHOWN_ROWS.replace("SELECTOR", "#rows"))]

    @property
    def connections(self):
        return [
            cells[:-1] for cells in self.tab.run(SHOWN_ROWS.replace("SELECTOR", "#connections"))
        ]

    @property
    def nodes(self):
        """The rows of the JSON tree."""
        return self.tab.run(SHOWN_NODES)

    @property
    def count(self):
        return self.text("#count")

    def select(self, number):
        """Click the row of a message that can be seen."""
        wanted = f"(row) => row.children[1].textContent === {json.dumps(f'{number:,}')}"
        rows = "[...document.querySelectorAll('#rows .row:not([hidden])')]"
        self.tab.run(f"{rows}.find({wanted}).click()")
        self.settle()

    def form(self, name):
        self.click(f"[data-form={name}]")

    @property
    def selected(self):
        """The payload of the row that is selected."""
        return self.text("#rows [aria-selected=true]:not([hidden]) .payload")
