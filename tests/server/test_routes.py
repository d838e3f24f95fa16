"""The table of the server's routes, and everything that is generated from it."""

import json
import re
from collections import Counter
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages import read_page
from tests.program import wscli
from tests.raw import Client, upgrade
from wscli.server import route_table, routes
from wscli.server.endpoints import faults
from wscli.server.query import TargetValues
from wscli.server.route_table import FAULTS, ROUTES, help_rows, websocket_paths
from wscli.wire.codes import Opcode

BY_PATH = {route.path: route for route in ROUTES}
WEBSOCKETS = [route for route in ROUTES if route.websocket]
PLAIN = [route for route in ROUTES if route.http]
PARAMETERS = [(route, each) for route in ROUTES for each in route.parameters]
MAX_SIZE = 16 << 20


def path(route):
    return route.path


def named(value):
    return getattr(value, "name", None) or value.path


def values(target, max_size=MAX_SIZE):
    """Return the parsed values of a target."""
    route_path, rest, query = routes._split(target)  # noqa: SLF001
    return TargetValues(BY_PATH[route_path], rest, query, max_size)


def refusal(server, target):
    """Return the status and the body of the response to a refused upgrade."""
    with Client(server) as client:
        client.send(upgrade(target))
        response = client.response()
        return response.status, client.body(response).decode()


def with_query(target, query):
    return f"{target}{'&' if '?' in target else '?'}{query}"


# One to one


def test_websocket_routes_and_endpoints_correspond():
    assert list(routes.ENDPOINTS) == [route.path for route in WEBSOCKETS]


def test_plain_routes_and_answers_correspond():
    assert list(routes.ANSWERS) == [route.path for route in PLAIN]


def test_faults_and_their_endpoints_correspond():
    assert set(FAULTS) == {*faults.FRAMES, *faults.BEHAVIOURS}


def test_every_route_is_served_over_at_least_one_protocol():
    assert all(route.websocket or route.http for route in ROUTES)


def test_paths_and_their_parameters_are_unique():
    assert max(Counter(route.path for route in ROUTES).values()) == 1
    for route in ROUTES:
        names = [each.name for each in route.parameters]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("route", ROUTES, ids=path)
def test_a_path_ends_with_a_slash_if_it_has_an_argument(route):
    assert route.path.startswith("/")
    assert (len(route.path) > 1 and route.path.endswith("/")) == (route.argument is not None)


@pytest.mark.parametrize(("route", "parameter"), PARAMETERS, ids=named)
def test_a_default_is_within_its_own_bounds(route, parameter):
    if parameter.default:
        parameter.parse(parameter.default, MAX_SIZE)


@pytest.mark.parametrize(("route", "parameter"), PARAMETERS, ids=named)
def test_every_parameter_has_a_meaning(route, parameter):
    assert parameter.meaning


@pytest.mark.parametrize("route", ROUTES, ids=path)
def test_the_example_of_a_route_leads_to_that_route(route):
    values(route.target)
    assert routes._split(route.target)[0] == route.path  # noqa: SLF001
    assert bool(urlsplit(route.target).query) <= bool(route.parameters)


# Every route, over the wire


@pytest.mark.parametrize("route", WEBSOCKETS, ids=path)
def test_the_example_of_a_websocket_route_is_served(serve, route):
    with Client(serve()) as client:
        client.send(upgrade(route.target))
        assert client.response().status == (403 if route.path == "/status/" else 101)


@pytest.mark.parametrize("route", PLAIN, ids=path)
def test_the_example_of_a_plain_route_is_answered(serve, route):
    target = route.target.replace("interval=1s", "interval=10ms")
    with Client(serve()) as client:
        response, body = client.fetch(target)
    assert response.status == (403 if route.path == "/status/" else 200)
    assert body


@pytest.mark.parametrize("route", [each for each in ROUTES if not each.http], ids=path)
def test_a_plain_request_on_a_websocket_route_is_a_426(serve, route):
    with Client(serve()) as client:
        response, body = client.fetch(route.target)
    assert response.status == 426
    assert b"this path is a WebSocket" in body


@pytest.mark.parametrize("route", [each for each in ROUTES if not each.websocket], ids=path)
def test_an_upgrade_on_a_plain_route_is_a_404_that_says_so(serve, route):
    status, body = refusal(serve(), route.target)
    assert status == 404
    assert body == f"{route.pattern} is served over plain HTTP, and is not a WebSocket\n"


# Parameters


@pytest.mark.parametrize("route", ROUTES, ids=path)
def test_an_unknown_parameter_of_an_upgrade_is_a_400_that_lists_the_parameters(serve, route):
    status, body = refusal(serve(), with_query(route.target, "intervall=1s"))
    names = ", ".join(each.name for each in route.parameters) or "no parameters"
    assert status == 400
    assert f"unknown parameter 'intervall'; this path takes {names}\n" in body


@pytest.mark.parametrize("route", ROUTES, ids=path)
def test_an_unknown_parameter_of_a_plain_request_is_a_400_that_lists_the_parameters(serve, route):
    with Client(serve()) as client:
        response, body = client.fetch(with_query(route.target, "intervall=1s"))
    names = ", ".join(each.name for each in route.parameters) or "no parameters"
    assert response.status == 400
    assert f"unknown parameter 'intervall'; this path takes {names}\n" in body.decode()


@pytest.mark.parametrize("kind", FAULTS)
def test_an_unknown_parameter_of_a_fault_is_a_400(serve, kind):
    assert refusal(serve(), f"/fault/{kind}?after=1s")[0] == 400


@pytest.mark.parametrize("options", [{"mode": "echo"}, {"mode": "hub"}])
@pytest.mark.parametrize("query", ["x=1", "interval=", "n=1&n=2"])
def test_with_a_mode_any_query_is_accepted(serve, options, query):
    with Client(serve(**options)) as client:
        client.open(f"/ticks?{query}")
        client.text("hello")
        assert client.message() == b"hello"


def test_with_a_script_any_query_is_accepted(serve, tmp_path):
    script = tmp_path / "script.toml"
    script.write_text('[[rule]]\nreply = "rule"\n')
    with Client(serve(script=str(script))) as client:
        client.open("/echo?token=1&token=2")
        client.text("hello")
        assert client.message() == b"rule"


@pytest.mark.parametrize(("route", "parameter"), PARAMETERS, ids=named)
def test_a_parameter_that_is_given_twice_is_an_error(route, parameter):
    once = f"{parameter.name}={parameter.default or 1}"
    target = route.target.partition("?")[0]
    values(f"{target}?{once}")
    with pytest.raises(ValueError, match=f"^the parameter {parameter.name} is given twice$"):
        values(f"{target}?{once}&{once}")


def test_a_parameter_that_is_given_twice_is_a_400(serve):
    server = serve()
    assert refusal(server, "/ticks?count=1&count=2") == (
        400,
        "/ticks: the parameter count is given twice\n",
    )
    with Client(server) as client:
        assert client.fetch("/poll?interval=1s&interval=1s")[0].status == 400


@pytest.mark.parametrize(("route", "parameter"), PARAMETERS, ids=named)
@pytest.mark.parametrize("text", ["{}", "{}="], ids=["no value", "empty value"])
def test_an_empty_value_is_valid_only_for_text(text, route, parameter):
    target = f"{route.path}?{text.format(parameter.name)}"
    if parameter.kind is route_table.TEXT:
        assert values(target)[parameter] == ""
    else:
        with pytest.raises(ValueError, match=rf"^{parameter.name}( must be from .+)?: '' is not "):
            values(target)


def test_an_empty_number_is_a_400_and_an_empty_text_is_not(serve):
    server = serve()
    assert (
        refusal(server, "/push?n=")[1]
        == "/push: n must be from 0 to 1000000000: '' is not a number\n"
    )
    with Client(server) as client:
        client.open("/close?code=4001&reason=")
        assert client.closed() == (4001, "")


def test_an_empty_query_has_no_parameters():
    for target in ("/echo?", "/echo?&", "/ticks?&&count=1&"):
        values(target)


def test_a_name_is_not_corrected_for_case_or_spaces():
    for name in ("Count", "count%20", "count[]", ""):
        with pytest.raises(ValueError, match=r"^unknown parameter"):
            values(f"/ticks?{name}=1")


def test_a_long_unknown_name_is_cut():
    with pytest.raises(ValueError, match="unknown parameter") as caught:
        values(f"/ticks?{'x' * 10_000}=1")
    assert len(str(caught.value)) < 200


def test_percent_encoded_values_are_decoded():
    found = values("/close?reason=not%20you%2C+%C3%BC&after=500ms")
    assert found[route_table.REASON] == "not you, ü"
    assert found[route_table.AFTER] == 0.5
    assert values("/hub/tea%20room")[route_table.ROOM] == "tea room"
    assert values("/push?op=binary")[route_table.OP] is Opcode.BINARY


def test_an_absent_value_is_the_default_or_none():
    found = values("/ticks")
    assert found[route_table.INTERVAL] == 1.0
    assert found.get(route_table.INTERVAL) is None
    assert found.get(route_table.COUNT) is None


@pytest.mark.parametrize("max_size", [0, 1000])
def test_a_size_may_be_as_large_as_the_largest_message(max_size):
    found = values(f"/push?size={max_size}", max_size)
    assert found[route_table.MESSAGE_SIZE] == max_size
    with pytest.raises(ValueError, match=f"^size must be from 0 to {max_size}, not"):
        values(f"/push?size={max_size + 1}", max_size)


@given(st.integers(0, 10**12))
def test_a_number_is_accepted_only_within_its_bounds(number):
    if number <= 0xFFFF:
        assert values(f"/close?code={number}")[route_table.CODE] == number
    else:
        with pytest.raises(ValueError, match=r"^code must be from 0 to 65535, not"):
            values(f"/close?code={number}")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "n": st.integers(0, 10**9),
            "size": st.integers(0, MAX_SIZE),
            "op": st.sampled_from(["text", "binary"]),
        },
    ).flatmap(lambda given: st.permutations(list(given.items())))
)
def test_a_query_is_read_in_any_order_and_with_any_part_absent(pairs):
    given = {"n": 1000, "size": 64, "op": "text", **dict(pairs)}
    found = values(f"/push?{urlencode(pairs)}")
    assert found[route_table.MESSAGES] == given["n"]
    assert found[route_table.MESSAGE_SIZE] == given["size"]
    assert found[route_table.OP].name.lower() == given["op"]


@given(code=st.integers(0, 0xFFFF), reason=st.text(), name=st.text())
def test_any_text_can_be_passed_in_a_query_or_path(code, reason, name):
    found = values(f"/close?{urlencode({'code': code, 'reason': reason}, errors='replace')}")
    assert found[route_table.CODE] == code
    assert found[route_table.REASON] == reason
    assert values(f"/hub/{quote(name)}")[route_table.ROOM] == name


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() is False))
def test_a_refused_value_is_shown_with_escapes_in_one_line(text):
    with pytest.raises(ValueError, match=r"^op: .* is not text or binary$") as caught:
        values(f"/push?op={quote(text)}")
    assert str(caught.value).isprintable()


def test_a_refusal_names_the_route_and_not_the_path_that_was_typed(serve):
    status, body = refusal(serve(), "/status/%0a%1b")
    assert (status, body) == (
        400,
        "/status/N: N must be from 200 to 599: '\\n\\x1b' is not a number\n",
    )


@pytest.mark.parametrize("target", ["/fault/", "/fault/nothing", "/fault/drop/", "/fault/DROP"])
def test_an_unknown_fault_is_a_404_that_lists_the_kinds(serve, target):
    status, body = refusal(serve(), target)
    assert status == 404
    assert body.endswith(f"where KIND is {', '.join(FAULTS)}\n")


# Generated from the table


@pytest.mark.parametrize("plain", [True, False])
def test_the_404_lists_every_path(serve, plain):
    server = serve()
    with Client(server) as client:
        body = client.fetch("/nothing")[1].decode() if plain else refusal(server, "/nothing")[1]
    assert re.findall(r"/\S*?(?=,|\s)", body)[1:] == [route.pattern for route in ROUTES]


def page_data(server):
    with Client(server) as client:
        page = client.fetch("/")[1].decode()
    return json.loads(re.search(r"^const ROUTES = (.*?);  //", page, re.MULTILINE)[1])


def test_the_page_lists_every_route_and_fault_except_itself(serve):
    data = page_data(serve())
    listed = {target for kind in ("websocket", "http") for target, _ in data[kind]}
    assert listed == {route.target for route in ROUTES} - {"/", "/fault/drop"}
    assert dict(data["faults"]) == FAULTS


def test_the_page_fetches_only_plain_routes_over_http(serve):
    data = page_data(serve())
    assert [target for target, _ in data["http"]] == [
        route.target for route in ROUTES if not route.websocket
    ]


def test_no_text_of_the_table_ends_the_script_of_the_page(monkeypatch):
    monkeypatch.setitem(FAULTS, "x", "</script><b>")
    assert "<" not in routes._page_data()  # noqa: SLF001
    assert json.loads(routes._page_data())["faults"][-1] == ["x", "</script><b>"]  # noqa: SLF001


def test_the_help_of_serve_lists_every_path_with_its_parameters():
    text = " ".join(wscli("serve", "--help").out.decode().partition("Paths:\n")[2].split())
    position = 0
    for first, second in help_rows():
        found = text.find(f"{first.strip()} {second.split()[0]}", position)
        assert found >= position, first
        position = found
    assert help_rows()[0][0] == "/"
    assert len(help_rows()) == len(ROUTES) + len(PARAMETERS)


def test_the_help_of_serve_names_each_fault_and_default():
    text = " ".join(meaning for _, meaning in help_rows())
    assert ", ".join(FAULTS) in text
    assert text.count("[default: ") == sum(bool(each.default) for _, each in PARAMETERS)


def page_row(route):
    """Return the row for a route in the table of docs/server.md."""
    parameters = [
        f"`{each.name}={each.kind.metavar.replace('|', '/')}` {each.meaning}"
        + (f" ({each.default})" if each.default else "")
        for each in route.parameters
    ]
    if route.argument is route_table.FAULT:
        parameters.append("KIND is one of [these](#faults)")
    return f"| `{route.pattern}` | {route.description} | {'; '.join(parameters)} |"


def rows_of_page(head):
    """Return the rows below the head of a table in docs/server.md."""
    return read_page("docs/server.md").partition(head)[2].partition("\n\n")[0].splitlines()


def test_the_table_of_the_page_is_that_of_the_routes():
    rows = rows_of_page("| path | behaviour | query |\n|---|---|---|\n")
    assert rows == [page_row(route) for route in ROUTES]


def test_the_page_has_every_fault():
    rows = rows_of_page("| kind | the server sends |\n|---|---|\n")
    assert rows == [f"| `{kind}` | {meaning} |" for kind, meaning in FAULTS.items()]


def test_completion_offers_every_websocket_but_that_of_the_root():
    offered = [each for each, _ in websocket_paths()]
    assert offered == [
        *(route.path for route in WEBSOCKETS if route.path not in ("/", "/fault/")),
        *(f"/fault/{kind}" for kind in FAULTS),
    ]
