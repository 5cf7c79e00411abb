"""Every event and every topic has examples, and they are what they say, in msgspec and in the generated JSON Schema."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from schemas.events import CATALOGUE
from schemas.examples import FOLDER, Examples, Invalid, Valid, load_examples, load_line
from schemas.generate import GENERATED, ROOT
from schemas.generators.json_schema import line_types
from schemas.topics import load_topics

LINES = {name: line for topic in load_topics() for name, line in line_types(topic).items()}
VALID = [(event, example) for event in CATALOGUE for example in load_examples(event).valid]
INVALID = [(event, example) for event in CATALOGUE for example in load_examples(event).invalid]


def _validator(folder: str, name: str) -> Any:
    schema = msgspec.json.decode((ROOT / GENERATED / folder / f"{name}.schema.json").read_bytes())
    return jsonschema.Draft202012Validator(schema)


def _decode(event: str, message: dict[str, Any]) -> Any:
    """The properties, the way the collector reads them: from bytes."""
    return msgspec.json.decode(msgspec.json.encode(message.get("properties", {})), type=CATALOGUE[event].properties)


def _complaints(errors: Iterator[Any]) -> Iterator[str]:
    """Messages and paths of the errors, those inside an anyOf too."""
    for error in errors:
        yield f"{error.json_path} {error.message}"
        yield from _complaints(error.context)


def _messages(examples: Examples) -> list[dict[str, Any]]:
    return [*(example.message for example in examples.valid), *(example.message for example in examples.invalid)]


def _titles(pairs: list[tuple[str, Valid]] | list[tuple[str, Invalid]]) -> list[str]:
    return [f"{event}: {example.about}" for event, example in pairs]


@pytest.mark.parametrize(("event", "example"), VALID, ids=_titles(VALID))
def test_a_valid_example_is_taken_by_both(event: str, example: Valid) -> None:
    _decode(event, example.message)
    _validator("events", event).validate(example.message.get("properties", {}))


@pytest.mark.parametrize(("event", "example"), INVALID, ids=_titles(INVALID))
def test_an_invalid_example_is_rejected_by_both_and_the_field_is_named(event: str, example: Invalid) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\b{example.field}\b"):
        _decode(event, example.message)
    complaints = list(_complaints(_validator("events", event).iter_errors(example.message["properties"])))
    if example.beyond_json_schema:
        assert complaints == []
    else:
        assert any(example.field in complaint for complaint in complaints)


@pytest.mark.parametrize("event", CATALOGUE)
def test_an_event_has_both_kinds_each_with_an_identity_and_an_id_of_its_own(event: str) -> None:
    examples = load_examples(event)
    assert examples.event == event
    assert examples.valid and examples.invalid
    messages = _messages(examples)
    assert all(message.get("anonymousId") or message.get("userId") for message in messages)
    assert len({message["messageId"] for message in messages}) == len(messages)


@pytest.mark.parametrize("event", CATALOGUE)
def test_a_message_is_of_the_file_s_event(event: str) -> None:
    calls = {"page": "page_view", "screen": "screen_view", "identify": "identify", "alias": "alias", "group": "group"}
    examples = load_examples(event)
    for message in _messages(examples):
        named = calls.get(message["type"]) or message["event"]
        assert named == event or (event == "custom" and named not in CATALOGUE)


def test_no_example_is_without_an_event_or_a_topic() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CATALOGUE)
    assert {path.stem for path in (FOLDER / "topics").glob("*.json")} == set(LINES)


@pytest.mark.parametrize("name", LINES)
def test_a_topic_s_line_is_golden(name: str) -> None:
    """What was read and written again is the file: no field is unknown to the structure, none is a default spelt out."""
    text = load_line(name)
    again = msgspec.json.encode(msgspec.json.decode(text, type=LINES[name]))
    assert msgspec.json.decode(again) == msgspec.json.decode(text)
    _validator("topics", name).validate(msgspec.json.decode(text))


@pytest.mark.parametrize("name", LINES)
def test_a_line_without_a_required_field_is_rejected_by_both(name: str) -> None:
    required = [field.name for field in msgspec.structs.fields(LINES[name]) if field.required]
    for missing in required:
        line = {key: value for key, value in msgspec.json.decode(load_line(name)).items() if key != missing}
        with pytest.raises(msgspec.ValidationError, match=f"`{missing}`"):
            msgspec.json.decode(msgspec.json.encode(line), type=LINES[name])
        assert any(missing in complaint for complaint in _complaints(_validator("topics", name).iter_errors(line)))


def test_a_misspelt_key_in_an_example_file_is_no_example() -> None:
    with pytest.raises(msgspec.ValidationError, match="abuot"):
        msgspec.convert({"abuot": "", "about": "", "message": {}}, Valid)
