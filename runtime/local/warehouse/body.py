"""Read the body of a request: unpacked, and a multipart one as fields and files."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from runtime.local.warehouse import blocks, codecs
from runtime.local.warehouse.errors import WarehouseError

MAX_BODY_BYTES = 256 << 20
MAX_UNPACKED_BYTES = 1 << 30
RECEIVE_TIMEOUT_S = 120.0


@dataclass(slots=True)
class Body:
    content: bytes = b""
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


async def read(asked: web.Request) -> Body:
    """Raises WarehouseError 229 for a body past the limits, 271 or 89 for one that cannot be unpacked, 209 for one that does not come."""
    try:
        async with asyncio.timeout(RECEIVE_TIMEOUT_S):
            return await _read(asked)
    except TimeoutError:
        raise WarehouseError(209, "SOCKET_TIMEOUT", f"The body did not arrive within {RECEIVE_TIMEOUT_S} s.") from None
    except ValueError as error:
        raise WarehouseError(36, "BAD_ARGUMENTS", f"The body is malformed: {error}.") from None


async def _read(asked: web.Request) -> Body:
    if asked.content_type == "multipart/form-data":
        return await _read_parts(asked)
    try:
        packed = await asked.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    encoding, native = asked.headers.get("Content-Encoding", ""), asked.query.get("decompress") == "1"
    if not encoding and not native:
        return Body(packed)
    return Body(await asyncio.to_thread(_unpack, packed, encoding, native))


def _unpack(packed: bytes, encoding: str, native: bool) -> bytes:
    plain = codecs.unpack(packed, encoding, MAX_UNPACKED_BYTES)
    return blocks.unpack(plain, MAX_UNPACKED_BYTES) if native else plain


async def _read_parts(asked: web.Request) -> Body:
    body = Body()
    room = MAX_BODY_BYTES
    async for part in await asked.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        pieces = []
        while piece := await part.read_chunk(1 << 16):
            room -= len(piece)
            if room < 0:
                raise _too_large()
            pieces.append(bytes(piece))
        content = b"".join(pieces)
        if part.filename is not None or any(f"{part.name}_{suffix}" in asked.query for suffix in ("structure", "types")):
            body.files[part.name] = content
        else:
            body.fields[part.name] = content.decode("utf-8", "surrogateescape")
    return body


def _too_large() -> WarehouseError:
    return WarehouseError(229, "QUERY_IS_TOO_LARGE", f"The body is larger than {MAX_BODY_BYTES} bytes.")
