"""Layering: which packages each package imports, and which modules import third-party ones."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

import wscli

PACKAGE = Path(wscli.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Each package may import itself and those listed; sinks and server do not know one another.
_CORE = {"net", "wire", "errors", "kinds", "text"}
_SESSION = {"session", "payload", *_CORE}
_SHOWN = {"advice", "status", *_SESSION}
_APPS = {"apps", "sinks", "server", "records", "quantities", *_SHOWN}
IMPORTS = {
    "kinds": set(),
    "errors": {"kinds", "text"},
    "status": {"errors"},
    "advice": {"status", "wire", "errors", "kinds"},
    "quantities": set(),
    "text": set(),
    "wire": {"errors", "kinds"},
    "payload": {"wire", "errors"},
    "net": _CORE,
    "session": _CORE,
    "records": {"session", "status", *_CORE},
    "sinks": {"records", *_SHOWN},
    "server": {"quantities", "records", "status", *_SESSION},
    "apps": _APPS,
    "repl": _APPS,
    "cli": {"repl", *_APPS},
}
TOP = {
    "__init__": {"errors", "net", "session"},
    "aio": {"net", "session"},
    "__main__": {"apps", "cli"},
}

# Which modules may import a third-party package, by the beginning of their paths.
THIRD_PARTY = {
    "click": ("cli/",),
    "prompt_toolkit": ("repl/",),
    "rich": ("sinks/human/",),
    "websocket": ("net/upgrade.py",),
    "ssl": ("net/", "server/"),
    "zlib": ("wire/deflate.py", "records/files.py"),
    "asyncio": ("server/", "session/asyncio_", "session/outbox.py", "aio.py"),
    "regex": ("payload/matching.py",),
    "jsonpath": ("payload/matching.py",),
    "python_socks": ("net/proxy.py",),
    "idna": ("net/url.py",),
    "cryptography": ("server/certificate.py",),
}

# Imports allowed in some modules only: the protocol is pure, and Env has the terminal.
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
def test_a_package_imports_only_from_packages_below_it(path):
    package = place(path).split("/")[0].removesuffix(".py")
    allowed = IMPORTS.get(package, TOP.get(package)) | {package, "__version__"}
    used = {name.split(".")[1] for name in imports(path) if name.startswith("wscli.")}
    assert used <= allowed


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_third_party_package_is_imported_only_where_allowed(path):
    for name in imports(path):
        homes = THIRD_PARTY.get(name.split(".")[0])
        assert homes is None or place(path).startswith(homes), name


@pytest.mark.parametrize("path", sorted((PACKAGE / "wire").glob("*.py")), ids=place)
def test_the_protocol_is_pure(path):
    forbidden = PURE - IN_MEMORY.get(place(path), set())
    assert not {name.split(".")[0] for name in imports(path)} & forbidden
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not any(getattr(call.func, "id", "") in ("print", "open", "input") for call in calls)


def module_name(path):
    name = ".".join([PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts])
    return name.removesuffix(".__init__")


def module_imports(path):
    """Return the names that may be modules, also those imported in functions or for types alone.

    ``__version__`` alone is taken from the package itself, whose API is at the top of everything.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from [] if names == ["wscli.__version__"] else [node.module, *names]


def circles(graph):
    """Return the sets of modules that can all be reached from one another, each sorted."""
    reach = {module: set(targets) for module, targets in graph.items()}
    changed = True
    while changed:
        changed = False
        for targets in reach.values():
            further = set().union(*(reach[target] for target in targets)) - targets
            if further:
                targets |= further
                changed = True
    return {
        tuple(sorted({module} | {other for other in targets if module in reach[other]}))
        for module, targets in reach.items()
        if module in targets
    }


def test_modules_do_not_import_one_another_in_circles():
    names = {module_name(path) for path in MODULES}
    graph = {
        module_name(path): (set(module_imports(path)) & names) - {module_name(path)}
        for path in MODULES
    }
    assert circles(graph) == set()


def test_a_circle_of_any_length_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert circles(graph) == {("b", "c"), ("e",)}


def class_names(source):
    """Yield the names of all classes, however deep, without the underscore of private ones."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_")


def test_no_two_classes_share_a_name():
    places = {}
    for path in MODULES:
        for name in class_names(path.read_text(encoding="utf-8")):
            places.setdefault(name, []).append(place(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_private_and_nested_classes_are_found():
    source = "class A:\n class _B:\n  pass\ndef f():\n class B:\n  pass\n"
    assert sorted(class_names(source)) == ["A", "B", "B"]


# Names forbidden below the commands, since a Python caller has no command line.
WITHOUT_OPTIONS = ("errors.py", "wire/", "net/", "payload/", "session/")
OPTION = r"(?<![\w-])(--[a-z][\w-]*|-([A-Za-z46]|v+))(?![\w-])"


def words_of(path):
    """Yield the comments and strings of a module."""
    source = io.StringIO(path.read_text(encoding="utf-8"))
    words = (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", None))
    yield from (
        token.string for token in tokenize.generate_tokens(source.readline) if token.type in words
    )


LOWER = [path for path in MODULES if place(path).startswith(WITHOUT_OPTIONS)]


@pytest.mark.parametrize("path", LOWER, ids=place)
def test_no_lower_layer_names_an_option(path):
    assert [word for word in words_of(path) if re.search(OPTION, word)] == []


@pytest.mark.parametrize("text", ["--max-size SIZE", "try -vv", "(-4 or -6)", "-H 'Name: value'"])
def test_an_option_is_recognised(text):
    assert re.search(OPTION, text)


@pytest.mark.parametrize("text", ["<!-- no -->", "10 - 4", "-----BEGIN", "[A-Za-z]", "--", "-inf"])
def test_other_dashes_are_not_options(text):
    assert not re.search(OPTION, text)


@pytest.mark.parametrize("path", LOWER, ids=place)
def test_no_lower_layer_knows_an_exit_status(path):
    assert "ExitStatus" not in path.read_text(encoding="utf-8")
