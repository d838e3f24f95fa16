"""Parameters by name: click parses exactly those that the commands' functions declare."""

import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import click
import pytest

from wscli.apps.env import Env
from wscli.apps.options import OutputOptions
from wscli.apps.playback import Pace
from wscli.apps.selection import Moment
from wscli.cli import options, param_types, params
from wscli.cli.command import COMMANDS, Option
from wscli.cli.main import load_command
from wscli.errors import UsageError
from wscli.net.options import ConnectOptions
from wscli.payload.comparison import Match
from wscli.payload.matching import JsonPathQuery, Matcher, RegexReplacer
from wscli.records.connections import RecordedConnection
from wscli.server.options import ServeOptions

GROUPS = {
    param_types.ConnectParams: options.connection_options,
    param_types.SendingParams: options.sending_options,
    param_types.OutputParams: options.output_options,
}
ARGUMENTS = {
    "compare": [],
    "completion": ["bash"],
    "serve": [],
    "export": ["--to", "har", "session.jsonl"],
    **{name: ["session.jsonl"] for name in ("view", "replay", "import")},
    **{name: ["demo:"] for name in ("connect", "send", "listen", "pipe", "inspect", "ping")},
}
EXAMPLES = {
    "DURATION": ["2s"],
    "SIZE": ["64KiB"],
    "N": ["3"],
    "N|off": ["off"],
    "PATTERN": ["^a"],
    "STRING": [r"\0"],
    "'NAME: VALUE'": ["A: b"],
    "HOST:PORT:ADDRESS": ["h:1:::1"],
    "DURATION MESSAGE": ["1s", "ping"],
    "JSONPATH": ["$..id"],
    "ORIGIN": ["https://a.example"],
    "TIME": ["+1s"],
    "[=always]": [],
    "[=REGEX]": [],
}

# Types of modules that are imported only when a command needs them.
ON_USE = {
    "JsonPathQuery": JsonPathQuery,
    "Match": Match,
    "Matcher": Matcher,
    "Moment": Moment,
    "Pace": Pace,
    "RecordedConnection": RecordedConnection,
    "RegexReplacer": RegexReplacer,
}


def declared(function):
    """Return the keyword parameters of a command's function with their types."""
    hints = get_type_hints(function, localns={**vars(param_types), **ON_USE})
    names = {}
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        if parameter.kind is parameter.VAR_KEYWORD:
            names |= get_type_hints(get_args(hint)[0])
        elif parameter.kind is parameter.KEYWORD_ONLY:
            names[parameter.name] = hint
    return names


def fits(value, hint):
    """Return True if a value is of an annotated type."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        return any(fits(value, each) for each in args)
    if origin is Literal:
        return value in args
    if origin is Callable:
        return callable(value)
    if origin in (tuple, list):
        if origin is list or args[-1] is ...:
            return isinstance(value, origin) and all(fits(each, args[0]) for each in value)
        return len(value) == len(args) and all(map(fits, value, args))
    if hint is float:
        return type(value) in (int, float)
    if getattr(hint, "_is_protocol", False):
        return all(hasattr(value, name) for name in vars(hint) if not name.startswith("_"))
    return type(value) is hint


def parse(command, args):
    """Return the parameters that click makes of arguments."""
    return command.make_context(command.name, list(args), resilient_parsing=False).params


def example(option):
    """Return arguments that give an option a value."""
    name = option.opts[-1]
    if option.is_flag or option.count:
        return [name]
    if isinstance(option.type, click.Choice):
        return [f"{name}={option.type.choices[0]}"]
    return [name, *EXAMPLES.get(option.metavar, ["text"])]


# What is declared and what is parsed


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_declares_exactly_the_parameters_that_it_is_given(name):
    command = load_command(name)
    parsed = {param.name for param in command.params if param.expose_value}
    assert parsed <= set(declared(command.run))
    assert set(declared(command.run)) - parsed <= param_types.OutputParams.__optional_keys__


@pytest.mark.parametrize("name", COMMANDS)
def test_every_default_has_the_type_that_is_declared(name):
    command = load_command(name)
    types = declared(command.run)
    for param, value in parse(command, ARGUMENTS[name]).items():
        assert fits(value, types[param]), param


@pytest.mark.parametrize("name", COMMANDS)
def test_every_given_value_has_the_type_that_is_declared(name):
    command = load_command(name)
    types = declared(command.run)
    for option in command.params:
        if isinstance(option, Option):
            value = parse(command, [*example(option), *ARGUMENTS[name]])[option.name]
            assert fits(value, types[option.name]), option.name


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_options_has_the_names_of_its_type(group):
    assert {option.name for option in GROUPS[group]()} == set(get_type_hints(group))


def test_the_options_for_messages_are_those_that_may_be_absent():
    shown = {option.name for option in options.output_options()}
    without = {option.name for option in options.watching_options()}
    assert shown - without == param_types.OutputParams.__optional_keys__


def test_parameters_that_serve_passes_on_have_the_types_of_the_fields():
    expected = get_type_hints(ServeOptions, localns=ON_USE)
    for name, hint in get_type_hints(param_types.ServeFields).items():
        assert hint == expected[name], name


def test_every_field_for_connecting_has_an_option_or_is_for_python_callers():
    given = {*get_type_hints(param_types.ConnectParams), "password", "family"} - {"ipv4", "ipv6"}
    assert set(ConnectOptions._fields) - given == {"answer_pings", "echo_close"}


@pytest.mark.parametrize("hint", [int, str | None, tuple[str, ...], Literal["a"], list[int]])
def test_the_check_of_types_finds_a_wrong_type(hint):
    assert not fits(2.5, hint)
    assert fits(None, NoneType)


# How the values are read


@pytest.fixture
def env():
    return Env.of_process()._replace(stderr_tty=False)


def session(env, *args):
    """Return the options of `wscli send` for some arguments."""
    return params.read_session(parse(load_command("send"), [*args, "demo:"]), env)


def test_without_options_a_command_connects_as_python_does_but_probes(env):
    read = session(env)
    assert read.connect == ConnectOptions(probe=True)
    assert read.output == OutputOptions()
    assert read.url == "demo:"


def test_an_option_sets_the_field_of_its_name(env):
    read = session(
        env,
        *("--close-timeout", "1m", "--max-size", "1k", "--no-compress", "-L", "--tls-min", "1.3"),
        *("--resolve", "h:1:::1", "--cookie", "a=b", "--cookie", "c=d", "-s", "x"),
    ).connect
    assert (read.close_timeout, read.max_size, read.compress) == (60.0, 1024, False)
    assert (read.follow_redirects, read.tls_min) == (True, "1.3")
    assert (read.resolve, read.cookies) == ((("h", 1, "::1"),), ("a=b", "c=d"))
    assert read.subprotocols == ("x",)


def test_headers_of_several_options_and_files_form_one_list(env, tmp_path):
    file = tmp_path / "headers"
    file.write_text("# two\nA: 1\n\nB:\n")
    read = session(env, "-H", "X: y", "-H", f"@{file}", "-H", "Z;").connect
    assert read.headers == (("X", "y"), ("A", "1"), ("B", None), ("Z", ""))


@pytest.mark.parametrize(("option", "family"), [("-4", 4), ("-6", 6)])
def test_an_ip_version_sets_the_family(env, option, family):
    assert session(env, option).connect.family == family


@pytest.mark.parametrize(
    ("text", "user"), [("me:secret", ("me", "secret")), ("me:", ("me", "")), (":a:b", ("", "a:b"))]
)
def test_a_user_is_read_up_to_the_first_colon(env, text, user):
    connect = session(env, "-u", text).connect
    assert (connect.user, connect.password) == user


@pytest.mark.parametrize(
    ("args", "form"), [([], "auto"), (["--raw"], "raw"), (["--json"], "json"), (["--hex"], "hex")]
)
def test_the_form_of_the_output_is_the_option_that_is_given(env, args, form):
    assert session(env, *args).output.form == form


@pytest.mark.parametrize(
    ("args", "existing"),
    [([], "refuse"), (["--force"], "replace"), (["--append"], "append")],
)
def test_an_existing_recording_is_refused_by_default(env, args, existing):
    output = session(env, "--record", "f", *args).output
    assert (output.record, output.existing) == ("f", existing)


def test_the_terminator_of_messages_ends_the_output_too(env):
    parsed = parse(load_command("pipe"), ["--end", r"\0", "demo:"])
    sending = params.read_sending(parsed, env)
    output = params.read_session(parsed, env, sending).output
    assert sending.end == b"\0"
    assert (output.separator, output.terminated) == (b"\0", True)


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["-4", "-6"], "-4 and -6 exclude each other"),
        (["--raw", "--json"], "--raw and --json"),
        (["--raw", "--json", "--hex"], "--raw and --json and --hex"),
        (["--hex", "--timestamps"], "--timestamps and --hex"),
        (["--record", "f", "--force", "--append"], "--force and --append"),
        (["--force"], "--force needs --record"),
        (["--append"], "--append needs --record"),
        (["-u", "me"], "the password of me is missing"),
    ],
)
def test_options_that_exclude_each_other_are_wrong_usage(env, args, complaint):
    with pytest.raises(UsageError) as caught:
        session(env, *args)
    assert complaint in caught.value.what


# One summary


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_begins_its_help(name):
    command = load_command(name)
    with click.Context(command, info_name=name) as context:
        lines = command.get_help(context).splitlines()
    assert f"  {COMMANDS[name]}." in lines


@pytest.mark.parametrize("name", COMMANDS)
def test_a_summary_is_one_line_of_the_list_of_commands(name):
    assert COMMANDS[name][0].isupper()
    assert not COMMANDS[name].endswith(".")
    assert len(COMMANDS[name]) <= 66
