"""One module per command: its options, its help, and the call of its app.

Each has a ``command``, which ``main.load_command`` returns, and a function ``_run`` that gets the
environment and the parameters by name: its own spelled out, the shared ones as a TypedDict. It is
``_run`` that imports the app, since `wscli COMMAND --help` must not.
"""
