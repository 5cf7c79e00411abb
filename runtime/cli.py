"""The `cartwake` command. Each subcommand is a module of `runtime.commands`, imported only when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from runtime import __version__

# Name and one line each, so that `cartwake --help` imports none of them.
COMMANDS = {
    "demo": "a shop full of simulated shoppers, and what cartwake sees of it",
    "up": "run the whole of cartwake on this machine until Ctrl-C",
    "status": "show the processes, their health, and how far each consumer group is behind",
    "simulate": "send the events of simulated shoppers to a collector",
    "replay": "rebuild state from history, in a lane of its own",
    "reconcile": "compare the live results with the same computed anew from the stored events",
    "chaos": "kill, pause and restart everything under load, then compare with the truth",
    "bench": "measure the stream engine, the sink, the collector, the warehouse or the browser SDK on this machine",
    "erase": "remove a person from the warehouse, the streams' state and Kafka, and keep them out",
    "unmerge": "take a device away from a user it was merged with",
    "spend": "bring what was paid for advertising into the warehouse",
    "clv": "fit customer lifetime value to the orders in the warehouse",
    "topics": "create the Kafka topics of a lane; of those that exist only topic_retention_hours is changed",
    "migrate": "bring the warehouse's tables and views up to date",
}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 well, 1 something is wrong and was said, 2 wrong usage, 130 Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in arguments if word in COMMANDS), "")
    try:
        command = importlib.import_module(f"runtime.commands.{name}") if name else None
        parsed = _parser(name, command).parse_args(arguments)
        if command is None:
            _parser("", None).print_help()
            return 2
        return int(command.run(parsed))
    except KeyboardInterrupt:
        return 130
    except _expected() as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1


def _parser(name: str, command: ModuleType | None) -> argparse.ArgumentParser:
    """All names, and the options of the one that is wanted."""
    parser = argparse.ArgumentParser(prog="cartwake", description="Knows who left a full cart, and tells the shop in time.")
    parser.add_argument("--version", action="version", version=f"cartwake {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", title="commands")
    for each, help_line in COMMANDS.items():
        wanted = command if each == name else None
        example = "examples:\n" + "\n".join(f"  {line}" for line in wanted.EXAMPLE.splitlines()) if wanted else None
        form = argparse.RawDescriptionHelpFormatter
        sub = subparsers.add_parser(each, help=help_line, description=help_line, epilog=example, formatter_class=form)
        sub.add_argument("--config", type=Path, default=None, help="the settings file (default: cartwake.toml, if there is one)")
        if wanted:
            wanted.add_arguments(sub)
    return parser


def _expected() -> tuple[type[Exception], ...]:
    """Errors whose message is meant for the person at the terminal. Imported late, so that `--help` is quick."""
    from runtime.local.control import ControlError
    from runtime.local.jars import JarError
    from runtime.local.kafka import KafkaSetupError
    from runtime.local.lockfile import AlreadyRunningError
    from runtime.local.ports import PortTakenError
    from runtime.local.process import StartError
    from runtime.settings import SettingsError

    return (SettingsError, ControlError, JarError, KafkaSetupError, AlreadyRunningError, PortTakenError, StartError)


if __name__ == "__main__":
    raise SystemExit(main())
