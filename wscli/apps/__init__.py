"""What each command does, without a command line: run(options, env) -> ExitStatus."""
