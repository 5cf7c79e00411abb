-- Rows of shares can change: an event that arrives late shows that another share is to be credited. One row a kind and message.
DROP TABLE IF EXISTS shares_with_versions;

CREATE TABLE shares_with_versions
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    share_id String COMMENT 'Id of the share; of an order, the share that it is credited to',
    kind LowCardinality(String) COMMENT 'share, open, invite_accept or order',
    person_id String COMMENT 'Who shared, came or ordered',
    occurred_at_ms Int64 EPHEMERAL COMMENT 'Line field of occurred_at',
    occurred_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(occurred_at_ms) COMMENT 'When it happened',
    message_id String COMMENT 'Event that the row comes from',
    version UInt64 COMMENT 'The highest one of a kind and event is valid',
    parent_share_id String COMMENT 'Share that the sharer came through',
    method LowCardinality(String) COMMENT 'How it was shared',
    content_type LowCardinality(String) COMMENT 'product, cart or page',
    product_id String COMMENT 'Product that was shared, or the first of the order',
    cart_id String COMMENT 'Cart that was shared or ordered',
    order_id String COMMENT 'Order that came through the share',
    value Nullable(Decimal(18, 4)) COMMENT 'Value of that order, in currency',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of value',
    is_deleted UInt8 COMMENT '1: a later event or an un-merge showed that no share brought this order',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (lane, kind, message_id, occurred_at)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Shares and what came through them';

INSERT INTO shares_with_versions
    (lane, share_id, kind, person_id, occurred_at, message_id, parent_share_id, method, content_type, product_id, cart_id, order_id, value, currency)
SELECT lane, share_id, kind, person_id, occurred_at, message_id, parent_share_id, method, content_type, product_id, cart_id, order_id, value, currency
FROM shares;

EXCHANGE TABLES shares AND shares_with_versions;

DROP TABLE shares_with_versions;
