"""The two agents of a lane: what each reads, which logic it runs, and what a pipeline of it works on."""

import asyncio
from functools import partial

from runtime.settings import Settings
from schemas.topics import lane_topic
from streams.logic.identify import Identify
from streams.logic.journey import Journey
from streams.logic.policy import Policy
from streams.pipeline import Setup

INPUT = {"identify": "events", "journey": "journeys"}
_LOGIC: dict[str, type[Identify] | type[Journey]] = {"identify": Identify, "journey": Journey}


class Setups:
    """Of one lane in one process: its pipelines compute in turns."""

    def __init__(self, settings: Settings, lane: str, policy: Policy) -> None:
        self.settings, self.lane, self.policy = settings, lane, policy
        self._turn = asyncio.Lock()

    def input_topic(self, agent: str) -> str:
        return lane_topic(self.lane, INPUT[agent])

    def of(self, agent: str, partition: int) -> Setup:
        return Setup(
            bootstrap=self.settings.kafka_bootstrap,
            agent=agent,
            transactional_id=f"cartwake-{self.lane}-{agent}-{partition}",
            input_topic=self.input_topic(agent),
            state_topic=lane_topic(self.lane, f"{agent}-state"),
            partition=partition,
            partitions=self.settings.partitions,
            max_record_bytes=self.settings.max_record_bytes,
            topic_of=partial(lane_topic, self.lane),
            make_stage=partial(_LOGIC[agent], self.policy),
            turn=self._turn,
        )
