"""`cartwake topics`: create a lane's topics, or show what they would be."""

from __future__ import annotations

import argparse

from runtime.settings import load
from runtime.topics import create_topics, wanted_topics

HELP = "create the Kafka topics of a lane; of those that exist only topic_retention_hours is changed"
EXAMPLE = "cartwake topics --lane live\ncartwake topics --show"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lane", default="live", help="the lane whose topics to create (default: live)")
    parser.add_argument("--show", action="store_true", help="print the topics and their configuration, create nothing")


def run(args: argparse.Namespace) -> int:
    settings = load(args.config)
    if args.show:
        for name, options in wanted_topics(settings, args.lane).items():
            configs = " ".join(f"{key}={value}" for key, value in options["configs"].items())
            print(f"{name:<24} {options['num_partitions']:>3} partitions  {configs}")
        return 0
    made = create_topics(settings, args.lane)
    print(f"created {len(made)} topics" + (": " + ", ".join(made) if made else ""))
    return 0
