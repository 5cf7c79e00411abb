-- Rules that came true, and what became of telling the shop.
CREATE TABLE IF NOT EXISTS triggers
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    trigger_id String COMMENT 'Id, from rule, person, episode and step: the same in a replay; also the webhook-id',
    rule LowCardinality(String) COMMENT 'Rule that came true',
    person_id String COMMENT 'For whom',
    episode_id String COMMENT 'Cart episode',
    step UInt16 COMMENT 'Which reminder of the rule',
    status LowCardinality(String) COMMENT 'fired, or void when a late event showed that it should not have been',
    decision LowCardinality(String) COMMENT 'send or suppress',
    fired_at_ms Int64 EPHEMERAL COMMENT 'Line field of fired_at',
    fired_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(fired_at_ms) COMMENT 'Event time at which the rule came true',
    version UInt64 COMMENT 'The highest one of a trigger is valid; version 1 is the one that is sent',
    reason LowCardinality(String) COMMENT 'Why it was not sent',
    user_id String COMMENT 'User, if known',
    device_id String COMMENT 'Device that was used last',
    cart_id String COMMENT 'Cart of the shop',
    cart_step LowCardinality(String) COMMENT 'Furthest step reached: cart, checkout or payment',
    items Array(Tuple(product_id String, name String, category String, brand String, variant String, price Nullable(Decimal(18, 4)), quantity Int64)) COMMENT 'What was in the cart',
    value Decimal(18, 4) COMMENT 'Value of the cart, in currency',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of all amounts of the row',
    replayed Bool COMMENT 'Comes from a replay',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (lane, trigger_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Rules that came true, sent or not';

CREATE TABLE IF NOT EXISTS deliveries
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    trigger_id String COMMENT 'Trigger that was delivered',
    attempt UInt32 COMMENT 'Number of the attempt, from 1',
    attempted_at_ms Int64 EPHEMERAL COMMENT 'Line field of attempted_at',
    attempted_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(attempted_at_ms) COMMENT 'When the attempt began',
    outcome LowCardinality(String) COMMENT 'delivered, retry (another attempt follows) or dead (no other follows)',
    url String COMMENT 'Where it was sent',
    status_code UInt16 COMMENT 'HTTP status of the answer; 0 if there was none',
    error String COMMENT 'What went wrong',
    duration_ms UInt32 COMMENT 'How long the attempt took',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = MergeTree
ORDER BY (lane, trigger_id, attempt)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Attempts to deliver triggers to the webhook';
