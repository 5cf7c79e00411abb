"""Limits that are no settings: nobody has had a reason to change them."""

ACK_TIMEOUT_S = 4.5  # an event that Kafka has not acknowledged by then counts as not stored
RETRY_AFTER_S = 3
QUEUE_MAX_BYTES = 64 << 20  # lines that wait for Kafka, in one process
BODIES_MAX_BYTES = 64 << 20  # bodies of requests that are read or wait for their answer, unpacked, in one process
REQUESTS_MAX = 2048  # requests that have been read and wait for their answer, in one process
BODY_TIMEOUT_S = 30.0  # a body that takes longer to arrive is given up
CONNECTIONS_MAX = 4096  # open connections of one process; more wait in the kernel
CONNECTION_BUFFER_BYTES = 64 << 10  # of one connection, before the request takes it
REQUEST_MAX_BYTES = 4 << 20  # Kafka's own limit for a record, as `topics.toml` sets it
DRAIN_MAX_BYTES = 16 << 20  # of a body that is too large, read this much before the answer, so that the client gets to see it
DRAIN_TIMEOUT_S = 10.0  # at the end: wait this long for requests that are under way
LANE_REFRESH_S = 30.0
LANE_TIMEOUT_S = 2.0  # of asking Kafka which lanes there are
GZIP_MEMBERS_MAX = 64  # of one body; each costs a look at all the rest

DEPTH_MAX = 32  # levels of objects and lists within an event's properties, traits or context
KEYS_MAX = 1000  # keys of all objects within each of them
KEY_MAX_CHARS = 256  # of a property's name
SHARED_MAX_BYTES = 8192  # what a request says once for all its events
TIME_MAX_CHARS = 64
ADDRESS_MAX_CHARS = 64

ID_MAX_CHARS = 128
URL_MAX_CHARS = 2048
TEXT_MAX_CHARS = 512
EARLIEST_MS = 315_532_800_000  # 1980-01-01: a time before that is a mistake
LATEST_MS = 4_102_444_800_000  # 2100-01-01
