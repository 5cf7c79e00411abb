"""`cartwake migrate`: bring the warehouse's tables and views up to date."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from runtime.settings import ensure_secrets, load, to_env

HELP = "bring the warehouse's tables and views up to date"
EXAMPLE = "cartwake migrate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing but the settings."""


def run(args: argparse.Namespace) -> int:
    """In a process of its own: the command line imports none of the parts it runs."""
    environ = {**os.environ, **to_env(ensure_secrets(load(args.config)))}
    return subprocess.run([sys.executable, "-m", "sinks", "migrate"], env=environ).returncode
