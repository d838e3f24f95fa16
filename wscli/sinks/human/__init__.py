"""The views for people at a terminal: safe, coloured, and laid out to its width.

``MessageView`` (``messages``) lays out one message, for ``HumanSink`` and for the interactive
session; ``talk`` has the remarks of ``-v``, ``inspection`` the report of ``wscli inspect``, and
``statistics`` the table of ``/stats``. ``palette``, ``wrapping`` and ``jsontext`` serve them.

A peer's text is made safe with ``text.visible`` before it is coloured or measured. The other way
round, the escape sequences of our own colours would be replaced as well.
"""
