"""From the bytes of a body to JSON: gzip by its magic, whatever the headers say, and never more than the limit."""

import zlib

from collector.answers import malformed, too_large
from collector.limits import GZIP_MEMBERS_MAX

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's word for "gzip, 32 KiB window"
_BOM = b"\xef\xbb\xbf"
_PLAIN = ("", "identity", "gzip", "x-gzip")


def unpacked(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """The JSON text of a body. Refused when it is packed in another way, broken, or too large."""
    if body.startswith(_GZIP_MAGIC):
        body = _gunzip(body, max_bytes)
    elif encoding.strip().lower() not in _PLAIN:
        raise malformed(f"Content-Encoding {encoding[:32]!r} is not supported; gzip is.")
    if len(body) > max_bytes:
        raise too_large(f"The body is larger than {max_bytes} bytes (max_batch_bytes).")
    return body.removeprefix(_BOM).strip()


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    """All members of a gzip stream, unpacked no further than one byte above the limit."""
    out: list[bytes] = []
    size, rest = 0, body
    try:
        while rest.startswith(_GZIP_MAGIC):
            if len(out) == GZIP_MEMBERS_MAX:
                raise too_large(f"The gzip stream has more than {GZIP_MEMBERS_MAX} members.")
            member = zlib.decompressobj(_GZIP)
            out.append(member.decompress(rest, max_bytes + 1 - size))
            size += len(out[-1])
            if size > max_bytes:
                raise too_large(f"The unpacked body is larger than {max_bytes} bytes (max_batch_bytes).")
            if not member.eof:
                raise malformed("The gzip stream ends too early.")
            rest = member.unused_data
    except zlib.error as error:
        raise malformed(f"The body is no gzip stream: {error}") from error
    return b"".join(out)
