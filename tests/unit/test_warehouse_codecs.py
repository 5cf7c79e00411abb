import bz2
import gzip
import lzma
import zlib

import cramjam
import lz4.frame
import pytest
import zstandard

from runtime.local.warehouse import blocks, codecs
from runtime.local.warehouse.errors import WarehouseError

PLAIN = b'{"sku":"a","qty":1}\n' * 20_000
LIMIT_BYTES = 1 << 20
BODIES = {
    "gzip": gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:]),
    "lz4": b"".join(lz4.frame.compress(PLAIN[at : at + 100_000]) for at in range(0, len(PLAIN), 100_000)),
    "zstd": b"".join(zstandard.compress(PLAIN[at : at + 100_000]) for at in range(0, len(PLAIN), 100_000)),
    "br": bytes(cramjam.brotli.compress(PLAIN)),
    "xz": lzma.compress(PLAIN),
    "bz2": bz2.compress(PLAIN),
    "deflate": zlib.compress(PLAIN),
    "identity": PLAIN,
    "": PLAIN,
}


@pytest.mark.parametrize("encoding", BODIES)
def test_every_frame_of_a_body_is_read(encoding: str) -> None:
    assert codecs.unpack(BODIES[encoding], encoding, LIMIT_BYTES) == PLAIN


def test_deflate_without_its_header_is_read() -> None:
    assert codecs.unpack(zlib.compress(PLAIN)[2:-4], "deflate", LIMIT_BYTES) == PLAIN


@pytest.mark.parametrize("encoding", [name for name in BODIES if name not in ("", "identity")])
def test_a_bomb_and_a_broken_body_are_refused(encoding: str) -> None:
    with pytest.raises(WarehouseError) as too_large:
        codecs.unpack(BODIES[encoding], encoding, 1000)
    with pytest.raises(WarehouseError) as broken:
        codecs.unpack(b"nothing of the kind", encoding, LIMIT_BYTES)
    assert (too_large.value.status, broken.value.code) == (413, 271)


@pytest.mark.parametrize("encoding", [name for name in BODIES if name not in ("", "identity")])
def test_a_body_cut_short_is_refused(encoding: str) -> None:
    with pytest.raises(WarehouseError) as cut:
        codecs.unpack(BODIES[encoding][:-20], encoding, LIMIT_BYTES)
    assert cut.value.code == 271


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(WarehouseError, match="compression method snow"):
        codecs.unpack(b"x", "snow", LIMIT_BYTES)


@pytest.mark.parametrize("encoding", codecs.PACKERS)
def test_an_answer_packed_in_pieces_is_whole(encoding: str) -> None:
    packer = codecs.PACKERS[encoding]()
    packed = b"".join([packer.compress(PLAIN[:1000]), packer.compress(PLAIN[1000:]), packer.flush()])
    assert codecs.unpack(packed, encoding, LIMIT_BYTES) == PLAIN
    assert len(packed) < len(PLAIN)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [("", None), ("gzip, deflate", "gzip"), ("lz4,br;q=0,zstd;q=0", "lz4"), ("zstd;q=0.5", "zstd"), ("*", None), ("identity", None)],
)
def test_the_answer_is_packed_as_the_client_accepts(accept: str, chosen: str | None) -> None:
    assert codecs.choose(accept) == chosen


def test_native_blocks_come_back() -> None:
    large = PLAIN * 8
    assert blocks.unpack(blocks.pack(large), 1 << 24) == large
    assert blocks.pack(b"") == b""


@pytest.mark.parametrize(("at", "code"), [(3, 40), (30, 40), (-1, 271)])
def test_a_damaged_native_block_is_refused(at: int, code: int) -> None:
    packed = bytearray(blocks.pack(PLAIN))
    if at < 0:
        del packed[at]
    else:
        packed[at] ^= 1
    with pytest.raises(WarehouseError) as raised:
        blocks.unpack(bytes(packed), LIMIT_BYTES)
    assert raised.value.code == code


def test_native_blocks_are_bounded() -> None:
    with pytest.raises(WarehouseError) as raised:
        blocks.unpack(blocks.pack(PLAIN), 1000)
    assert raised.value.status == 413
