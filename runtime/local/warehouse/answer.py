"""ClickHouse's answers as HTTP: headers, summary, compression, errors."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from runtime.local.warehouse import blocks, codecs
from runtime.local.warehouse.engine import Engine
from runtime.local.warehouse.errors import WarehouseError
from runtime.local.warehouse.execution import Answer, Stats
from runtime.local.warehouse.request import Request

SEND_TIMEOUT_S = 60.0
CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCOMPACT": "application/json; charset=UTF-8",
    "JSONEACHROW": "application/x-ndjson; charset=UTF-8",
    "JSONCOMPACTEACHROW": "application/x-ndjson; charset=UTF-8",
    "TABSEPARATED": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TABSEPARATEDWITHNAMES": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWITHNAMES": "text/csv; charset=UTF-8; header=present",
    "XML": "application/xml; charset=UTF-8",
    "NATIVE": "application/octet-stream",
    "ROWBINARY": "application/octet-stream",
    "PARQUET": "application/octet-stream",
    "ARROW": "application/octet-stream",
    "ARROWSTREAM": "application/octet-stream",
}


def headers(request: Request, answer: Answer, timezone: str) -> dict[str, str]:
    return {
        "Content-Type": CONTENT_TYPES.get(answer.format.upper(), "text/plain; charset=UTF-8"),
        "X-ClickHouse-Query-Id": request.query_id,
        "X-ClickHouse-Format": answer.format,
        "X-ClickHouse-Timezone": timezone,
        "X-ClickHouse-Summary": summary(answer.stats),
        "X-ClickHouse-Server-Display-Name": "cartwake-warehouse",
    }


def summary(stats: Stats) -> str:
    numbers = {
        "read_rows": stats.read_rows,
        "read_bytes": stats.read_bytes,
        "written_rows": stats.written_rows,
        "written_bytes": stats.written_bytes,
        "total_rows_to_read": stats.read_rows,
        "result_rows": stats.result_rows,
        "result_bytes": stats.result_bytes,
        "elapsed_ns": int(stats.elapsed_s * 1e9),
    }
    return json.dumps({name: str(value) for name, value in numbers.items()}, separators=(",", ":"))


def failure(error: WarehouseError, query_id: str, version: str) -> web.Response:
    known = {"X-ClickHouse-Exception-Code": str(error.code), "X-ClickHouse-Query-Id": query_id}
    if error.code in (194, 516):
        known["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
    return web.Response(status=error.status, text=error_text(error, version), headers=known, charset="UTF-8")


def error_text(error: WarehouseError, version: str) -> str:
    text = str(error)
    return text + "\n" if "(version " in text else f"{text} (version {version})\n"


More = Callable[[], Awaitable[bytes | None]]


class _Blocks:
    def compress(self, data: bytes) -> bytes:
        return blocks.pack(data)

    def flush(self) -> bytes:
        return b""


def packer(request: Request) -> tuple[codecs.Packer | None, str | None]:
    """What packs the body, and the Content-Encoding to tell."""
    if request.native_compression:
        return _Blocks(), None
    name = codecs.choose(request.accept_encoding)
    return (codecs.PACKERS[name](), name) if name is not None else (None, None)


async def send(asked: web.BaseRequest, request: Request, answer: Answer, engine: Engine, more: More) -> web.StreamResponse:
    """Send `head`, then what `more` gives until None. An error by then becomes ClickHouse's exception block and ends the connection."""
    known = headers(request, answer, engine.timezone)
    pack, encoding = packer(request) if answer.head else (None, None)
    if encoding is not None:
        known["Content-Encoding"] = encoding
    if answer.rest is None or asked.method == "HEAD":
        body = await asyncio.to_thread(_pack_whole, pack, answer.head) if pack else answer.head
        return web.Response(body=body, headers=known)
    tag = secrets.token_hex(8)
    response = web.StreamResponse(headers=known | {"X-ClickHouse-Exception-Tag": tag})
    await response.prepare(asked)
    piece: bytes | None = answer.head
    try:
        while piece is not None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await response.write(pack.compress(piece) if pack else piece)
            piece = await more()
        if pack:
            await response.write(pack.flush())
    except WarehouseError as error:
        await _break_off(asked, response, pack, tag, error_text(error, engine.version))
        return response
    await response.write_eof()
    return response


def _pack_whole(pack: codecs.Packer, plain: bytes) -> bytes:
    return pack.compress(plain) + pack.flush()


async def _break_off(asked: web.BaseRequest, response: web.StreamResponse, pack: codecs.Packer | None, tag: str, text: str) -> None:
    block = f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n".encode()
    await response.write(pack.compress(block) + pack.flush() if pack else block)
    if asked.transport is not None:
        asked.transport.close()
