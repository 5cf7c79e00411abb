"""What is generated from the catalogue is up to date, complete, and says what the structures say."""

import shutil
from pathlib import Path

import jsonschema
import msgspec
import pytest

from schemas.events import CATALOGUE
from schemas.generate import GENERATED, ROOT, main, outputs, stale, write
from schemas.generators.json_schema import event_schema, line_types
from schemas.generators.wording import type_name
from schemas.items import Item
from schemas.meanings import ITEM, PROPERTY
from schemas.properties import Properties
from schemas.reasons import MEANING, RejectReason
from schemas.topics import load_topics


def test_nothing_in_the_tree_is_stale() -> None:
    assert stale(ROOT, outputs()) == [], "run `python -m schemas.generate` and commit what it writes"


def test_check_names_each_file_that_differs_is_missing_or_is_left_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, outputs())
    assert main(["--check"], tmp_path) == 0
    events = GENERATED / "events"
    (tmp_path / events / "search.schema.json").write_text("{}")
    (tmp_path / events / "login.schema.json").unlink()
    (tmp_path / events / "gone.schema.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1
    expected = [f"stale: {events / name}.schema.json" for name in ("gone", "login", "search")]
    assert capsys.readouterr().out.splitlines() == expected


def test_writing_mends_what_check_found(tmp_path: Path) -> None:
    write(tmp_path, outputs())
    (tmp_path / "docs/events.md").write_text("")
    (tmp_path / GENERATED / "events" / "gone.schema.json").write_text("{}")
    assert main([], tmp_path) == 0
    assert stale(tmp_path, outputs()) == []


def test_unknown_arguments_change_nothing(tmp_path: Path) -> None:
    assert main(["--chekc"], tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_every_generated_schema_is_a_valid_2020_12_schema() -> None:
    for path, text in outputs().items():
        if path.name.endswith(".schema.json"):
            jsonschema.Draft202012Validator.check_schema(msgspec.json.decode(text))


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_schema_requires_exactly_what_the_structure_needs(name: str) -> None:
    event = CATALOGUE[name]
    schema = event_schema(event)
    assert schema["required"] == [*event.properties.needs, *event.properties.needs_given]
    assert schema["description"] == event.meaning
    assert all(part["description"] for part in schema["properties"].values())


def test_every_topic_but_private_state_has_a_schema() -> None:
    without = [topic.name for topic in load_topics() if not line_types(topic)]
    assert without == ["identify-state", "journey-state"]


def test_every_property_has_a_meaning_and_no_meaning_is_left_over() -> None:
    assert list(PROPERTY) == [field.name for field in msgspec.structs.fields(Properties)]
    assert list(ITEM) == [field.name for field in msgspec.structs.fields(Item)]
    assert set(MEANING) == set(RejectReason)


def test_the_page_and_both_sdks_name_every_event() -> None:
    files = outputs()
    typescript, python = files[Path("sdk/js/src/events.gen.ts")], files[Path("sdk/python/src/cartwake/events_gen.py")]
    for name in CATALOGUE:
        assert f"### {name}\n" in files[Path("docs/events.md")]
        assert f"  {name}: {type_name(name)}Properties;" in typescript
        assert f'    "{name}",' in python
        assert f"\n{type_name(name)} = " in python or f"\nclass {type_name(name)}(" in python


def test_the_python_types_can_be_imported_and_say_what_is_required() -> None:
    space: dict[str, type] = {"__name__": "events_gen"}  # type: ignore[dict-item]
    exec(outputs()[Path("sdk/python/src/cartwake/events_gen.py")], space)
    for event in CATALOGUE.values():
        required = space[type_name(event.name)].__required_keys__  # type: ignore[attr-defined]
        assert required == {*event.properties.needs, *event.properties.needs_given}


def test_a_copy_of_the_tree_is_clean(tmp_path: Path) -> None:
    shutil.copytree(ROOT / GENERATED, tmp_path / GENERATED)
    assert {path.parts[0] for path in stale(tmp_path, outputs())} == {"docs", "sdk"}
