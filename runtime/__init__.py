"""What every process shares: settings, logs, health, the command line, and the machinery that runs it all on one machine."""

__version__ = "0.1.0"
