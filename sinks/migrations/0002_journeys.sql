-- What the stream knows about persons. Rows that change carry a version: the highest one of a key is valid, `is_deleted` takes
-- the key away. Ask the views `<table>_now`, or use FINAL.
CREATE TABLE IF NOT EXISTS identities
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    id String COMMENT 'Person id that was given up: d:<device> or u:<user>',
    person_id String COMMENT 'Person that it belongs to since',
    version UInt64 COMMENT 'The highest one of an id is valid',
    merged_at_ms Int64 EPHEMERAL COMMENT 'Line field of merged_at',
    merged_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(merged_at_ms) COMMENT 'When the two became one',
    reason LowCardinality(String) COMMENT 'identify or alias',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (lane, id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Person ids that were merged into another one';

CREATE TABLE IF NOT EXISTS sessions
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    session_id String COMMENT 'Id of the visit',
    person_id String COMMENT 'Visitor',
    device_id String COMMENT 'Device of the visit',
    started_at_ms Int64 EPHEMERAL COMMENT 'Line field of started_at',
    started_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(started_at_ms) COMMENT 'First event',
    ended_at_ms Int64 EPHEMERAL COMMENT 'Line field of ended_at',
    ended_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(ended_at_ms) COMMENT 'Last event so far',
    version UInt64 COMMENT 'The highest one of a session is valid',
    events UInt32 COMMENT 'Events of the visit',
    page_views UInt32 COMMENT 'Pages and screens seen',
    interactions UInt32 COMMENT 'Events that are more than looking at a page',
    bounce Bool COMMENT 'One page view and no interaction',
    channel LowCardinality(String) COMMENT 'Channel that the visit came through',
    campaign_source LowCardinality(String) COMMENT 'utm_source',
    campaign_medium LowCardinality(String) COMMENT 'utm_medium',
    campaign_name LowCardinality(String) COMMENT 'utm_campaign',
    device_type LowCardinality(String) COMMENT 'mobile, desktop, tablet or store',
    entry_url String COMMENT 'First page of the visit' CODEC(ZSTD(3)),
    is_deleted UInt8 COMMENT '1: a later event showed that this session never was',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (lane, session_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Visits of one device';

CREATE TABLE IF NOT EXISTS carts
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    episode_id String COMMENT 'Id of the episode: from its person, cart and opening time',
    person_id String COMMENT 'Whose cart it is',
    cart_id String COMMENT 'Cart of the shop; empty for the person''s own',
    status LowCardinality(String) COMMENT 'open, ordered, emptied, merged or expired',
    opened_at_ms Int64 EPHEMERAL COMMENT 'Line field of opened_at',
    opened_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(opened_at_ms) COMMENT 'First item',
    changed_at_ms Int64 EPHEMERAL COMMENT 'Line field of changed_at',
    changed_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(changed_at_ms) COMMENT 'Last change; idle time counts from here',
    version UInt64 COMMENT 'The highest one of an episode is valid',
    step LowCardinality(String) DEFAULT 'cart' COMMENT 'Furthest step reached: cart, checkout or payment',
    items Array(Tuple(product_id String, name String, category String, brand String, variant String, price Nullable(Decimal(18, 4)), quantity Int64)) COMMENT 'What is in the cart, or was at its end',
    value Decimal(18, 4) COMMENT 'Sum of price x quantity, in currency',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of all amounts of the row',
    abandoned_at_ms Nullable(Int64) EPHEMERAL COMMENT 'Line field of abandoned_at',
    abandoned_at Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(abandoned_at_ms) COMMENT 'When its idle time was first reached; NULL: never abandoned',
    abandoned_step LowCardinality(String) COMMENT 'Step reached when it was abandoned',
    abandoned_value Decimal(18, 4) COMMENT 'Value when it was abandoned',
    abandonments UInt32 COMMENT 'How often it was abandoned',
    closed_at_ms Nullable(Int64) EPHEMERAL COMMENT 'Line field of closed_at',
    closed_at Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(closed_at_ms) COMMENT 'When the episode ended; NULL while it is open',
    order_id String COMMENT 'Order that it became',
    revenue Nullable(Decimal(18, 4)) COMMENT 'Value of that order',
    recovered Bool COMMENT 'Ordered within the attribution window after it was abandoned',
    is_deleted UInt8 COMMENT '1: a later event showed that this episode never was',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (lane, episode_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Cart episodes, from the first item to the order or the end';

CREATE TABLE IF NOT EXISTS funnel_levels
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    funnel LowCardinality(String) COMMENT 'Name of the funnel',
    person_id String COMMENT 'Person',
    level UInt8 COMMENT 'Steps reached in order within the window; equals windowFunnel over the same events',
    version UInt64 COMMENT 'The highest one of a person is valid',
    channel LowCardinality(String) COMMENT 'Channel that the person first came through',
    device_type LowCardinality(String) COMMENT 'Kind of device that the person first came with',
    campaign_name LowCardinality(String) COMMENT 'Campaign that the person first came through',
    first_seen_at_ms Int64 EPHEMERAL COMMENT 'Line field of first_seen_at',
    first_seen_at Nullable(DateTime64(3, 'UTC')) DEFAULT if(first_seen_at_ms = 0, NULL, fromUnixTimestamp64Milli(first_seen_at_ms)) COMMENT 'First event of the person; NULL if unknown',
    is_deleted UInt8 COMMENT '1: the person was merged into another one',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (lane, funnel, person_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'How far each person came in a funnel, live';

CREATE TABLE IF NOT EXISTS segments
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    person_id String COMMENT 'Person',
    segment LowCardinality(String) COMMENT 'Name of the segment',
    value LowCardinality(String) COMMENT 'Which value of the segment, such as a tier',
    entered_at_ms Int64 EPHEMERAL COMMENT 'Line field of entered_at',
    entered_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(entered_at_ms) COMMENT 'When the stay began',
    version UInt64 COMMENT 'The highest one of a stay is valid',
    left_at_ms Nullable(Int64) EPHEMERAL COMMENT 'Line field of left_at',
    left_at Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(left_at_ms) COMMENT 'When the stay ended; NULL while it lasts',
    is_deleted UInt8 COMMENT '1: a later event showed that this stay never was',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (lane, person_id, segment, value, entered_at)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Stays of persons in segments';

CREATE TABLE IF NOT EXISTS shares
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    share_id String COMMENT 'Id of the share',
    kind LowCardinality(String) COMMENT 'share, open, invite_accept or order',
    person_id String COMMENT 'Who shared, came or ordered',
    occurred_at_ms Int64 EPHEMERAL COMMENT 'Line field of occurred_at',
    occurred_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(occurred_at_ms) COMMENT 'When it happened',
    message_id String COMMENT 'Event that the row comes from',
    parent_share_id String COMMENT 'Share that the sharer came through',
    method LowCardinality(String) COMMENT 'How it was shared',
    content_type LowCardinality(String) COMMENT 'product, cart or page',
    product_id String COMMENT 'Product that was shared',
    cart_id String COMMENT 'Cart that was shared',
    order_id String COMMENT 'Order that came through the share',
    value Nullable(Decimal(18, 4)) COMMENT 'Value of that order, in currency',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of value',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = MergeTree
ORDER BY (lane, share_id, kind, occurred_at, message_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Shares and what came through them';
