"""The keys of the session, beyond those of emacs or vi that prompt_toolkit brings."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, emacs_mode, has_focus, vi_navigation_mode
from prompt_toolkit.key_binding import KeyBindings, KeyBindingsBase, merge_key_bindings
from prompt_toolkit.key_binding.bindings.auto_suggest import load_auto_suggest_bindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name


def load_keys(
    buffer: Buffer,
    *,
    interrupt: Callable[[], None],
    leave: Callable[[], None],
    edit: Callable[[str], None],
) -> KeyBindingsBase:
    """Return the bindings; ``interrupt``, ``leave`` and ``edit`` are called for their keys."""
    keys = KeyBindings()
    typing = has_focus(buffer)
    empty = Condition(lambda: not buffer.text)
    keys.add("enter", filter=typing)(lambda _: buffer.validate_and_handle())
    keys.add("escape", "enter", filter=typing)(lambda _: buffer.newline(copy_margin=False))
    keys.add("c-c")(lambda _: interrupt())
    keys.add("c-d", filter=typing & empty)(lambda _: leave())
    keys.add("c-z")(lambda event: event.app.suspend_to_background())
    keys.add("c-v", filter=typing & emacs_mode)(get_by_name("quoted-insert"))
    keys.add("c-x", "c-e", filter=typing & emacs_mode)(lambda _: edit(buffer.text))
    keys.add("v", filter=typing & vi_navigation_mode)(lambda _: edit(buffer.text))
    return merge_key_bindings([load_auto_suggest_bindings(), keys])
