"""A set of event ids with their contents, small and bounded: 16 bytes a record, 21 with all that surrounds it.

Records stand in buckets, oldest first; a bucket is a bytearray that C code searches as a whole. Buckets are split one at a time as
records come in (linear hashing), so no insertion waits for all of it to be built anew. When there are as many buckets as `max_ids`
allows, a full one lets its oldest record go.
"""

from struct import Struct

RECORD = Struct("<8sII")  # hash of the id, content, hour of reception
RECORD_BYTES = RECORD.size
_pack = RECORD.pack
_HALVES = Struct("<8s8s")  # the hash, and the rest
_HOUR = Struct("<I")
_HOUR_AT = RECORD_BYTES - 4
_DEPTH = 64  # records in a full bucket: to search 1 KiB takes half a microsecond
_TIDY_BYTES = 8 * RECORD_BYTES  # how often a bucket is looked at for records that have passed
_NEWEST_BYTES = 4 * RECORD_BYTES
_SPLIT = 32  # records in a bucket on average, before there is one more


class Seen:
    """Asks for the contents that came with an id, and adds one, in one step."""

    def __init__(self, max_ids: int) -> None:
        self.forgotten = 0  # records that went for want of room
        self.is_reused = False  # whether the id of the last `add` had come with another content
        self._records = 0
        self._buckets = [bytearray()]
        self._most_buckets = 1 << (max(1, max_ids // _DEPTH) - 1).bit_length()
        self._full_bytes = max(1, max_ids // self._most_buckets) * RECORD_BYTES
        self._mask = 1  # buckets that were split already are found by one bit more

    def add(self, digest: bytes, content: int, hour: int, window_hours: int) -> bytes | None:
        """None if the pair came before within the window. Else its record, known from now on; see `is_reused`."""
        number = hash(digest) & self._mask  # Python's own hash: no other process needs to find the bucket
        buckets = self._buckets
        if number >= len(buckets):
            number &= self._mask >> 1
        bucket = buckets[number]
        self.is_reused = False
        at = bucket.find(digest)
        while at >= 0:
            if at % RECORD_BYTES == 0:
                _, known, since_hour = RECORD.unpack_from(bucket, at)
                if hour - since_hour <= window_hours:
                    if known == content:
                        return None
                    self.is_reused = True
            at = bucket.find(digest, at + 1)
        record = _pack(digest, content, hour)
        bucket += record
        self._records += 1
        size = len(bucket)
        if not size % _TIDY_BYTES or size > self._full_bytes:
            self._tidy(bucket, hour, window_hours)
        if self._records > _SPLIT * len(buckets) and len(buckets) < self._most_buckets:
            self._split()
        return record

    def _tidy(self, bucket: bytearray, hour: int, window_hours: int) -> None:
        """Let go of what has passed, and of the oldest where the bucket is too full and there can be no more of them."""
        gone, size = 0, len(bucket)
        if size <= self._full_bytes and hour - _HOUR.unpack_from(bucket, _HOUR_AT)[0] <= window_hours:
            return  # not even the oldest, by the newest of all
        newest = range(max(0, size - _NEWEST_BYTES), size, RECORD_BYTES)  # the least of them: one event from the future moves nothing
        since_hour = min(_HOUR.unpack_from(bucket, at + _HOUR_AT)[0] for at in newest) - window_hours
        while gone < size and _HOUR.unpack_from(bucket, gone + _HOUR_AT)[0] < since_hour:
            gone += RECORD_BYTES
        too_much = size - gone - self._full_bytes
        if too_much > 0 and len(self._buckets) == self._most_buckets:
            self.forgotten += too_much // RECORD_BYTES
            gone += too_much
        if gone:
            del bucket[:gone]
            self._records -= gone // RECORD_BYTES

    def _split(self) -> None:
        """The next bucket in turn gives half of its records to a new one."""
        upper = len(self._buckets)
        lower = upper & self._mask >> 1
        old = self._buckets[lower]
        self._buckets.append(bytearray())
        kept: list[bytes] = []
        moved, mask = self._buckets[upper], self._mask
        for digest, rest in _HALVES.iter_unpack(old):
            if hash(digest) & mask == lower:
                kept += digest, rest
            else:
                moved += digest + rest
        old[:] = b"".join(kept)
        if len(self._buckets) > self._mask:
            self._mask = self._mask * 2 + 1

    def __len__(self) -> int:
        return self._records
