"""What a view's file says about itself, in comments before its SQL.

-- What it holds, one sentence or more.
-- Grain: one row a ...
-- Parameters:                      (only of a view that takes some)
-- - name Type: meaning
-- Columns: as the table `name`     (or: Columns: as the table `name`, and; or just Columns:)
-- - name: meaning
-- Example: SELECT ...              (may go on in lines that are indented by two blanks)
-- Caveats: what to know before trusting a number
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

PARTS = ("Grain", "Parameters", "Columns", "Example", "Caveats")
LIKE = re.compile(r"as the table `(\w+)`(?:, and)?")
ENTRY = re.compile(r"- (\w+)(?: ([^:]+))?: (.+)")


class HeaderError(ValueError):
    """A header that lacks a part, or has one that cannot be read; the message names file and line."""


@dataclass
class Header:
    """`parameters`: name to (type, meaning); `columns`: name to meaning; `like`: a table whose columns the view has as well."""

    file: str
    what: str = ""
    grain: str = ""
    parameters: dict[str, tuple[str, str]] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    like: str = ""
    example: str = ""
    caveats: str = ""

    @property
    def view(self) -> str:
        """The view's name: the file's without its number."""
        return re.sub(r"^\d+_|\.sql$", "", self.file)

    @property
    def number(self) -> int:
        """The file's number: the order of creation, and its tens the chapter of the document."""
        return int(self.file.split("_")[0])

    @property
    def arguments(self) -> str:
        """What stands in the brackets of the example's call; '' for a view without parameters."""
        match = re.search(rf"\b{self.view}\(((?:[^()']|'[^']*'|\([^()]*\))*)\)", self.example)
        return match[1] if match and self.parameters else ""


def read_header(file: str, sql: str) -> Header:
    """The header of one file. Raises HeaderError."""
    header, part = Header(file), ""
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line[2:].removeprefix(" ")
        name = text.split(":")[0]
        if name in PARTS:
            part, text = name, text[len(name) + 1 :].strip()
        _take(header, part, text)
    missing = [name for name in ("what", "grain", "example", "caveats") if not getattr(header, name)]
    if not header.columns and not header.like:
        missing.append("columns")
    if missing:
        raise HeaderError(f"{file}: the header lacks {', '.join(missing)}")
    if header.parameters and not header.arguments:
        raise HeaderError(f"{file}: the example does not call {header.view}(...)")
    return header


def _take(header: Header, part: str, text: str) -> None:
    if part in ("Parameters", "Columns") and text:
        like, entry = LIKE.fullmatch(text), ENTRY.fullmatch(text)
        if part == "Columns" and like:
            header.like = like[1]
        elif entry and part == "Columns" and not entry[2]:
            header.columns[entry[1]] = entry[3]
        elif entry and part == "Parameters" and entry[2]:
            header.parameters[entry[1]] = (entry[2], entry[3])
        else:
            raise HeaderError(f"{header.file}: cannot read {text!r} under {part}")
    elif part == "Example":
        header.example = f"{header.example}\n{text.removeprefix('  ')}".strip()
    elif text:
        name = part.lower() or "what"
        setattr(header, name, f"{getattr(header, name)} {text}".strip())
