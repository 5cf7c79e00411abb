"""ClickHouse's own compression, of `compress=1` and `decompress=1`: blocks of LZ4 or ZSTD, each behind its CityHash128."""

import struct

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from runtime.local.warehouse.errors import WarehouseError

BLOCK_BYTES = 1 << 20
_HEADER = struct.Struct("<BII")  # method, bytes with this header, bytes when unpacked
_HASH_BYTES = 16
_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90


def pack(plain: bytes) -> bytes:
    out: list[bytes] = []
    for start in range(0, len(plain), BLOCK_BYTES):
        block = plain[start : start + BLOCK_BYTES]
        packed = lz4.block.compress(block, store_size=False)
        body = _HEADER.pack(_LZ4, len(packed) + _HEADER.size, len(block)) + packed
        out += (_checksum(body), body)
    return b"".join(out)


def unpack(packed: bytes, limit_bytes: int) -> bytes:
    """Raises WarehouseError 40 for a checksum that does not agree, 271 for a broken block, 229 past the limit."""
    out = []
    at = total = 0
    while at < len(packed):
        body_at = at + _HASH_BYTES
        if body_at + _HEADER.size > len(packed):
            raise WarehouseError(271, "CANNOT_DECOMPRESS", "A compressed block is cut short.")
        method, size, plain_bytes = _HEADER.unpack_from(packed, body_at)
        end = body_at + size
        if size < _HEADER.size or end > len(packed):
            raise WarehouseError(271, "CANNOT_DECOMPRESS", "A compressed block is cut short.")
        total += plain_bytes
        if total > limit_bytes:
            raise WarehouseError(229, "QUERY_IS_TOO_LARGE", f"The body unpacks to more than {limit_bytes} bytes.")
        if _checksum(packed[body_at:end]) != packed[at:body_at]:
            raise WarehouseError(40, "CHECKSUM_DOESNT_MATCH", "Checksum doesn't match: corrupted data.")
        out.append(_unpack_block(method, packed[body_at + _HEADER.size : end], plain_bytes))
        at = end
    return b"".join(out)


def _unpack_block(method: int, content: bytes, plain_bytes: int) -> bytes:
    try:
        if method == _LZ4:
            return bytes(lz4.block.decompress(content, uncompressed_size=plain_bytes))
        if method == _ZSTD:
            return zstandard.ZstdDecompressor().decompress(content, max_output_size=plain_bytes)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError, ValueError) as error:
        raise WarehouseError(271, "CANNOT_DECOMPRESS", f"Cannot decompress a block: {error}.") from None
    if method == _NONE:
        return content
    raise WarehouseError(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method {method:#x}.")


def _checksum(body: bytes) -> bytes:
    found = CityHash128(body)
    low, high = found if isinstance(found, tuple) else (found >> 64, found & (2**64 - 1))
    return struct.pack("<QQ", low, high)
