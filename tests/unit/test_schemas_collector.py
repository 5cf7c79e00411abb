"""The collector agrees with the examples: it takes the valid ones, and of the invalid ones only those that say what it makes of them."""

import pytest

from collector.properties import read
from collector.rejection import Rejection
from schemas.events import CATALOGUE
from schemas.examples import load_examples


@pytest.mark.parametrize("event", CATALOGUE)
def test_the_collector_takes_every_valid_example(event: str) -> None:
    for example in load_examples(event).valid:
        assert not isinstance(read(event, example.message.get("properties", {})), Rejection), example.about


@pytest.mark.parametrize("event", CATALOGUE)
def test_the_collector_rejects_invalid_examples_naming_the_field_or_mends_them_as_they_say(event: str) -> None:
    for example in load_examples(event).invalid:
        answer = read(event, example.message["properties"])
        assert isinstance(answer, Rejection) == (not example.collector), example.about
        if isinstance(answer, Rejection):
            assert example.field in answer.field
