"""The subcommands of `cartwake`: each module has HELP, EXAMPLE, add_arguments(parser) and run(args) -> exit code."""
