"""`python -m schemas.generate` writes everything that is made from the catalogue; `--check` says what is stale, and exits 1 then."""

import json
import sys
from pathlib import Path

from schemas.events import CATALOGUE
from schemas.generators.json_schema import Schema, event_schema, line_schema, line_types
from schemas.generators.page import page
from schemas.generators.python_types import python_types
from schemas.generators.typescript import typescript
from schemas.topics import load_topics

ROOT = Path(__file__).resolve().parent.parent
GENERATED = Path("schemas/generated")


def outputs() -> dict[Path, str]:
    """The text of every generated file by its path from the root."""
    files = {GENERATED / "events" / f"{event.name}.schema.json": _json(event_schema(event)) for event in CATALOGUE.values()}
    for topic in load_topics():
        for name, line in line_types(topic).items():
            files[GENERATED / "topics" / f"{name}.schema.json"] = _json(line_schema(name, line))
    files[Path("sdk/js/src/events.gen.ts")] = typescript()
    files[Path("sdk/python/src/cartwake/events_gen.py")] = python_types()
    files[Path("docs/events.md")] = page()
    return files


def stale(root: Path, files: dict[Path, str]) -> list[Path]:
    """The files under `root` that are missing, differ, or are there though nothing makes them."""
    changed = [path for path, text in files.items() if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text]
    found = {path.relative_to(root) for path in (root / GENERATED).rglob("*") if path.is_file()}
    return sorted([*changed, *(found - set(files))])


def write(root: Path, files: dict[Path, str]) -> list[Path]:
    """Bring every stale file up to date and say which they were."""
    old = stale(root, files)
    for path in old:
        if path in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(files[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return old


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Exit status 0, or 1 when `--check` finds stale files, or 2 for arguments it does not know."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m schemas.generate [--check]", file=sys.stderr)
        return 2
    old = stale(root, outputs()) if arguments else write(root, outputs())
    for path in old:
        print(f"{'stale' if arguments else 'written'}: {path}")
    if arguments and old:
        print("run `python -m schemas.generate` and commit what it writes", file=sys.stderr)
    return 1 if arguments and old else 0


def _json(schema: Schema) -> str:
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
