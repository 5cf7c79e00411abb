"""What was last written of an object of a person, by which a row that has not changed is not written again."""

import msgspec
from isal.isal_zlib import crc32

from streams.logic.output import Output

FUNNEL, CART, TRIGGER, SESSION, SEGMENT, SHARE = b"f", b"c", b"t", b"s", b"g", b"h"  # kinds of keys
GONE = -1  # the digest of a row that was taken back
TIME_BYTES = 6
_NO_VERSION, _VERSION_1 = b'"version":0', b'"version":1'
_encode = msgspec.json.Encoder().encode


class Sent(msgspec.Struct, array_like=True, gc=False):
    """The version and a digest of the row; `decision` and `reason` of a trigger."""

    version: int
    digest: int
    decision: str = ""
    reason: str = ""


def key_of(kind: bytes, at_ms: int, name: bytes = b"") -> bytes:
    """An object's name: kind, when it began, and what tells it from others of that moment."""
    return kind + at_ms.to_bytes(TIME_BYTES, "big") + name


def began_ms(key: bytes) -> int:
    return int.from_bytes(key[1 : 1 + TIME_BYTES], "big")


def write_if_changed(
    key: bytes, row: msgspec.Struct, sent: dict[bytes, Sent], topic: str, partition: int, out: Output, *decision: str
) -> bool:
    """Emit a row (its version is 0) with the version after the one before, and remember it; False if it is as it was."""
    line = _encode(row)
    digest = crc32(line)
    before = sent.get(key)
    if before is None:
        version = 1
    elif before.digest == digest:
        return False
    else:
        version = before.version + 1
    sent[key] = Sent(version, digest, *decision)
    told = _VERSION_1 if version == 1 else b'"version":%d' % version
    out.emit_to(topic, partition, line.replace(_NO_VERSION, told, 1))  # no text holds these bytes: quotes are escaped
    return True
