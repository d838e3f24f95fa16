"""The house: each room imports only from rooms below it, and some packages only in one room."""

import ast
from pathlib import Path

import pytest

import wscli

PACKAGE = Path(wscli.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Each room may import itself and the rooms below it; sinks and server stand side by side.
_CORE = {"net", "wire", "errors", "text"}
_SESSION = {"session", "payload", *_CORE}
_APPS = {"apps", "sinks", "server", "records", "quantities", *_SESSION}
ROOMS = {
    "errors": set(),
    "quantities": set(),
    "text": set(),
    "wire": {"errors"},
    "payload": {"wire", "errors"},
    "net": _CORE,
    "session": _CORE,
    "records": {"session", *_CORE},
    "sinks": {"records", *_SESSION},
    "server": {"quantities", *_SESSION},
    "apps": _APPS,
    "repl": _APPS,
    "cli": {"repl", *_APPS},
}
TOP = {"__init__": {"net", "session"}, "__main__": {"apps", "cli"}}

# Who may import what is not ours, by the beginning of the module's path.
GUESTS = {
    "click": ("cli/",),
    "prompt_toolkit": ("repl/",),
    "rich": ("sinks/human/",),
    "websocket": ("net/upgrade.py",),
    "ssl": ("net/", "server/"),
    "zlib": ("wire/deflate.py",),
    "asyncio": ("server/",),
    "regex": ("payload/matching.py",),
    "jsonpath": ("payload/matching.py",),
    "python_socks": ("net/proxy.py",),
    "idna": ("net/url.py",),
    "cryptography": ("server/certificate.py",),
}

# What only some modules may touch, since the protocol is pure and the terminal is the Env's.
PURE = {"socket", "select", "selectors", "threading", "time", "sys", "io", "asyncio", "subprocess"}
IN_MEMORY = {"wire/buffer.py": {"io"}}  # for BytesIO


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            if node.module in ("wscli", "wscli.apps", "wscli.net", "wscli.wire"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place(path):
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_room_imports_only_from_rooms_below_it(path):
    room = place(path).split("/")[0].removesuffix(".py")
    allowed = ROOMS.get(room, TOP.get(room)) | {room, "__version__"}
    used = {name.split(".")[1] for name in imports(path) if name.startswith("wscli.")}
    assert used <= allowed


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_guest_is_met_only_where_it_belongs(path):
    for name in imports(path):
        homes = GUESTS.get(name.split(".")[0])
        assert homes is None or place(path).startswith(homes), name


@pytest.mark.parametrize("path", sorted((PACKAGE / "wire").glob("*.py")), ids=place)
def test_the_protocol_is_pure(path):
    forbidden = PURE - IN_MEMORY.get(place(path), set())
    assert not {name.split(".")[0] for name in imports(path)} & forbidden
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not any(getattr(call.func, "id", "") in ("print", "open", "input") for call in calls)
