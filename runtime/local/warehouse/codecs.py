"""Content encodings of HTTP bodies. Clients send one lz4 or zstd frame per block, so every frame of a body is read, not the first alone."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Protocol

import cramjam
import lz4.frame  # type: ignore[import-untyped]
import zstandard

from runtime.local.warehouse.errors import WarehouseError


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
_OPENERS: dict[str, Callable[[io.BytesIO], IO[bytes]]] = {
    "gzip": lambda body: gzip.GzipFile(fileobj=body),
    "lz4": lambda body: lz4.frame.LZ4FrameFile(body),
    "zstd": lambda body: zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True),
    "xz": lambda body: lzma.LZMAFile(body),
    "bz2": lambda body: bz2.BZ2File(body),
    "br": lambda body: io.BytesIO(bytes(cramjam.brotli.decompress(body.getvalue()))),
    "deflate": lambda body: io.BytesIO(_inflate(body.getvalue())),
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
    opener = _OPENERS.get(name)
    if opener is None:
        raise WarehouseError(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method {name}.")
    try:
        plain = opener(io.BytesIO(body)).read(limit_bytes + 1)
    except (OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zstandard.ZstdError, cramjam.DecompressionError) as error:
        raise WarehouseError(271, "CANNOT_DECOMPRESS", f"Cannot decompress the body as {name}: {error}.") from None
    if len(plain) > limit_bytes:
        raise WarehouseError(229, "QUERY_IS_TOO_LARGE", f"The body unpacks to more than {limit_bytes} bytes.")
    return plain


def _inflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -15)
