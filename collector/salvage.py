"""The good events of a body that cannot be read: its list of events is cut at its commas, whatever stands in an event.

A parser gives up at the first wrong character: a bare NaN, half an escape or a thousand brackets in one event would cost all the
others. Only where it has given up does a body come here. One pass, no recursion: brackets are counted, not matched.
"""

import re
from typing import NamedTuple

import msgspec

from collector.answers import Refused
from collector.dialects.dialect import READ_ERRORS, Dialect, Given, Sent, counted

# A text (to the end of all where its own is missing, and `*+` never goes back), a run of brackets, or a comma.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+|[\[{]++|[\]}]++|,', re.DOTALL)
_LIST_FOLLOWS = re.compile(rb"[ \t\n\r]*+:[ \t\n\r]*+\[")
_OPENING, _CLOSING, _COMMA = b"[{", b"]}", b","
_SPACE = b" \t\n\r"
_BAD = b"null"  # stands for an event that cannot be read, while the rest of its request is
_MARGIN = 16  # levels: in its body the event lies deeper, and the parser counts the callers' frames too
_decode = msgspec.json.Decoder().decode


class Cut(NamedTuple):
    """A list within a text: where it begins and ends, its brackets not counted, and its elements as bytes."""

    start: int
    end: int
    elements: list[bytes]


def opened(dialect: Dialect, given: Given) -> Sent:
    """The request's events, the unreadable ones among them as they came. `Refused` where the request around them cannot be read."""
    try:
        return dialect.open(given)
    except Refused as refused:
        if refused.code != "malformed" or (sent := _salvaged(dialect, given)) is None:
            raise
        return sent


def _salvaged(dialect: Dialect, given: Given) -> Sent | None:
    """What the dialect makes of the body with `null` for each bad event; then the bad ones in their places again."""
    text, name = dialect.list_in(given)
    cut = None if name is None else cut_at(text, name, given.max_events)
    if cut is None:
        return None
    readable = [each if _is_readable(each) else _BAD for each in cut.elements]
    mended = b"".join((text[: cut.start], b",".join(readable), text[cut.end :]))
    try:
        sent = dialect.open(msgspec.structs.replace(given, text=mended))
    except Refused as refused:
        if refused.code != "malformed":
            raise
        return None
    if [bytes(each) for each in sent.events] != readable:  # another list of that name, and the dialect took that one
        return None
    sent.events = cut.elements
    return sent


def cut_at(text: bytes, name: str, max_elements: int) -> Cut | None:
    """The list that the text is, or that its object has by that name. None where its end cannot be told; Refused where it is too long."""
    start = 1 if text.startswith(b"[") else _start_of(text, name)
    if start is None:
        return None
    elements: list[bytes] = []
    depth, begins = 0, start
    for token in _TOKENS.finditer(text, start):
        at, size, first = token.start(), token.end() - token.start(), text[token.start()]
        if first in _OPENING:
            depth += size
        elif first in _CLOSING and size <= depth:
            depth -= size
        elif first in _CLOSING:
            end = at + depth  # the first bracket of the run that closes more than the last element
            _add(elements, text[begins:end], max_elements)
            empty = elements == [b""]
            return Cut(start, end, [] if empty else elements) if text[end : end + 1] == b"]" else None
        elif first in _COMMA and not depth:
            _add(elements, text[begins:at], max_elements)
            begins = at + 1
    return None


def _add(elements: list[bytes], piece: bytes, max_elements: int) -> None:
    elements.append(piece.strip(_SPACE))
    counted(elements, max_elements)


def _start_of(text: bytes, name: str) -> int | None:
    """Where the list of that name begins, in the outermost object."""
    wanted, depth = f'"{name}"'.encode(), 0
    for token in _TOKENS.finditer(text):
        first = text[token.start()]
        if first in _OPENING:
            depth += token.end() - token.start()
        elif first in _CLOSING:
            depth -= token.end() - token.start()
        elif depth == 1 and token[0] == wanted and (found := _LIST_FOLLOWS.match(text, token.end())):
            return found.end()
    return None


def _is_readable(element: bytes) -> bool:
    try:
        _decode(b"[" * _MARGIN + element + b"]" * _MARGIN)
    except READ_ERRORS:
        return False
    return bool(element)
