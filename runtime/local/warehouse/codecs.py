"""Content encodings of HTTP bodies. Clients send one lz4 or zstd frame per block, so every frame of a body is read, not the first alone."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

import cramjam
import lz4.frame
import zstandard

from runtime.local.warehouse.errors import WarehouseError

_ZSTD_PIECE_BYTES = 1 << 12  # a piece of this size unpacks to 128 MiB at most


class Packer(Protocol):
    """Compresses a body piece by piece."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Frames:
    """One frame a piece."""

    def __init__(self, pack: Callable[[bytes], bytes]) -> None:
        self._pack = pack

    def compress(self, data: bytes) -> bytes:
        return self._pack(data) if data else b""

    def flush(self) -> bytes:
        return b""


class _Brotli:
    def __init__(self) -> None:
        self._packer = cramjam.brotli.Compressor(4)

    def compress(self, data: bytes) -> bytes:
        self._packer.compress(data)
        return bytes(self._packer.flush())

    def flush(self) -> bytes:
        return bytes(self._packer.finish())


PACKERS: dict[str, Callable[[], Packer]] = {
    "lz4": lambda: _Frames(lz4.frame.compress),
    "zstd": lambda: _Frames(zstandard.ZstdCompressor(level=1).compress),
    "br": _Brotli,
    "gzip": lambda: zlib.compressobj(3, zlib.DEFLATED, 31),
    "deflate": lambda: zlib.compressobj(3),
    "xz": lambda: lzma.LZMACompressor(preset=1),
    "bz2": lambda: bz2.BZ2Compressor(1),
}
_READERS: dict[str, Callable[[io.BytesIO, int], bytes]] = {
    "gzip": lambda body, limit: gzip.GzipFile(fileobj=body).read(limit),
    "lz4": lambda body, limit: bytes(lz4.frame.LZ4FrameFile(body).read(limit)),
    "zstd": lambda body, limit: _zstd(body.getvalue(), limit),
    "xz": lambda body, limit: lzma.open(body).read(limit),  # noqa: SIM115
    "bz2": lambda body, limit: bz2.open(body).read(limit),  # noqa: SIM115
    "br": lambda body, limit: _brotli(body.getvalue(), limit),
    "deflate": lambda body, limit: _inflate(body.getvalue(), limit),
}


def choose(accept: str) -> str | None:
    """The encoding for an Accept-Encoding header, by ClickHouse's own order of preference."""
    asked = {part.split(";")[0].strip().lower() for part in accept.split(",") if "q=0" not in part.replace(" ", "").replace("q=0.", "")}
    return next((name for name in ("br", "zstd", "lz4", "gzip", "deflate", "xz", "bz2") if name in asked), None)


def unpack(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    """Raises WarehouseError 89 for an encoding we do not know, 271 for a broken body, 229 past the limit."""
    name = encoding.strip().lower()
    if name in ("", "identity") or not body:
        return body
    reader = _READERS.get(name)
    if reader is None:
        raise WarehouseError(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method {name}.")
    try:
        plain = reader(io.BytesIO(body), limit_bytes + 1)
    except (OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zstandard.ZstdError, cramjam.DecompressionError) as error:
        raise WarehouseError(271, "CANNOT_DECOMPRESS", f"Cannot decompress the body as {name}: {error}.") from None
    if len(plain) > limit_bytes:
        raise WarehouseError(229, "QUERY_IS_TOO_LARGE", f"The body unpacks to more than {limit_bytes} bytes.")
    return plain


def _zstd(body: bytes, limit: int) -> bytes:
    """Frame after frame; the library's own reader takes a body that is cut short for a whole one."""
    out = bytearray()
    opened = zstandard.ZstdDecompressor().decompressobj()
    for start in range(0, len(body), _ZSTD_PIECE_BYTES):
        piece = body[start : start + _ZSTD_PIECE_BYTES]
        while piece and len(out) < limit:
            if opened.eof:
                opened = zstandard.ZstdDecompressor().decompressobj()
            out += opened.decompress(piece)
            piece = opened.unused_data
    if not opened.eof and len(out) < limit:
        raise EOFError("the data end before the frame does")
    return bytes(out)


def _brotli(body: bytes, limit: int) -> bytes:
    """Into a buffer that grows up to the limit: the library unpacks whole bodies only, and has no limit of its own."""
    room = min(limit, len(body) * 8)
    while True:
        buffer = bytearray(room)
        try:
            return bytes(memoryview(buffer)[: cramjam.brotli.decompress_into(body, buffer)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise
            if room == limit:
                return bytes(buffer)
        room = min(limit, room * 4)


def _inflate(body: bytes, limit: int) -> bytes:
    """Both what HTTP calls deflate and what some send under that name: with zlib's header, and bare."""
    opened = zlib.decompressobj() if body[:1] == b"\x78" else zlib.decompressobj(-zlib.MAX_WBITS)
    plain = opened.decompress(body, limit)
    if not opened.eof and len(plain) < limit:
        raise EOFError("the data end before the stream does")
    return plain
