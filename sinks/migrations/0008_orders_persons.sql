-- Two tables that are filled from `events` as it is: what was bought and given back, and who is there.
-- Doing an insert again changes neither: the one keeps a row for each event, the other only smallest, largest and sets.
CREATE TABLE IF NOT EXISTS orders
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    order_id String COMMENT 'Order of the shop; of a purchase that names none its message_id',
    kind LowCardinality(String) COMMENT 'purchase, refund or order_cancel',
    message_id String COMMENT 'Event that the row comes from',
    write_key LowCardinality(String) COMMENT 'Key that it was sent with',
    person_id String COMMENT 'Person when the event came; orders_now has the person it is now',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened' CODEC(DoubleDelta, ZSTD(1)),
    late Bool COMMENT 'Came too long after it happened; counts as revenue all the same',
    replayed Bool COMMENT 'Comes from a replay',
    source LowCardinality(String) COMMENT 'web, app, server or store',
    device_type LowCardinality(String) COMMENT 'mobile, desktop, tablet or store',
    country LowCardinality(String) COMMENT 'Country of the client, ISO 3166 alpha-2',
    cart_id String COMMENT 'Cart of the shop that was ordered',
    group_buy_id String COMMENT 'Group purchase that the order belongs to',
    coupon LowCardinality(String) COMMENT 'Coupon that was used',
    payment_method LowCardinality(String) COMMENT 'Way of payment that was chosen',
    items Array(Tuple(product_id String, name String, category String, brand String, variant String, price Nullable(Decimal(18, 4)), quantity Int64)) COMMENT 'Products bought or given back; price is for one unit',
    value Nullable(Decimal(18, 4)) COMMENT 'Revenue of a purchase, what was paid back of a refund; NULL of a refund: all of it',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of all amounts of the row',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree
ORDER BY (lane, order_id, kind, occurred_at, message_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Purchases, refunds and cancellations, one row an event; orders_now has one row an order';

CREATE MATERIALIZED VIEW IF NOT EXISTS orders_from_events TO orders AS
SELECT
    lane,
    if(order_id = '', message_id, order_id) AS order_id,
    event AS kind,
    message_id,
    write_key,
    person_id,
    occurred_at,
    late,
    replayed,
    source,
    device_type,
    country,
    cart_id,
    group_buy_id,
    coupon,
    payment_method,
    items,
    value,
    currency
FROM events
WHERE event IN ('purchase', 'refund', 'order_cancel');

CREATE TABLE IF NOT EXISTS persons
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    person_id String COMMENT 'Person when the events came; persons_now has the persons of now',
    first_seen_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'First event',
    last_seen_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Last event',
    first_touch AggregateFunction(argMinIf, Tuple(channel String, source String, medium String, name String), Tuple(DateTime64(3, 'UTC'), String), UInt8) COMMENT 'Channel and campaign of the first event that has a channel',
    first_device AggregateFunction(argMinIf, String, Tuple(DateTime64(3, 'UTC'), String), UInt8) COMMENT 'Kind of device of the first event that has one',
    country AggregateFunction(argMaxIf, String, Tuple(DateTime64(3, 'UTC'), String), UInt8) COMMENT 'Country of the last event that has one',
    locale AggregateFunction(argMaxIf, String, Tuple(DateTime64(3, 'UTC'), String), UInt8) COMMENT 'Locale of the last event that has one',
    timezone AggregateFunction(argMaxIf, String, Tuple(DateTime64(3, 'UTC'), String), UInt8) COMMENT 'Time zone of the last event that has one',
    traits AggregateFunction(argMaxIf, String, Tuple(DateTime64(3, 'UTC'), String), UInt8) COMMENT 'What the last identify event said of the person, as JSON',
    user_ids SimpleAggregateFunction(groupUniqArrayArray, Array(String)) COMMENT 'Users that the events named',
    device_ids SimpleAggregateFunction(groupUniqArrayArray, Array(String)) COMMENT 'Devices that the events came from'
)
ENGINE = AggregatingMergeTree
ORDER BY (lane, person_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Persons by the id that their events came with, as states of aggregates; ask persons_now';

CREATE MATERIALIZED VIEW IF NOT EXISTS persons_from_events TO persons AS
SELECT
    lane,
    person_id,
    min(occurred_at) AS first_seen_at,
    max(occurred_at) AS last_seen_at,
    argMinIfState((toString(channel), toString(campaign_source), toString(campaign_medium), toString(campaign_name))::Tuple(channel String, source String, medium String, name String), (occurred_at, message_id), channel != '') AS first_touch,
    argMinIfState(toString(device_type), (occurred_at, message_id), device_type != '') AS first_device,
    argMaxIfState(toString(e.country), (occurred_at, message_id), e.country != '') AS country,
    argMaxIfState(toString(e.locale), (occurred_at, message_id), e.locale != '') AS locale,
    argMaxIfState(toString(e.timezone), (occurred_at, message_id), e.timezone != '') AS timezone,
    argMaxIfState(toJSONString(props), (occurred_at, message_id), event = 'identify') AS traits,
    groupUniqArrayIf(user_id, user_id != '') AS user_ids,
    groupUniqArrayIf(device_id, device_id != '') AS device_ids
FROM events AS e
GROUP BY lane, person_id;

INSERT INTO orders (lane, order_id, kind, message_id, write_key, person_id, occurred_at, late, replayed, source, device_type, country, cart_id, group_buy_id, coupon, payment_method, items, value, currency)
SELECT lane, if(order_id = '', message_id, order_id), event, message_id, write_key, person_id, occurred_at, late, replayed, source, device_type, country, cart_id, group_buy_id, coupon, payment_method, items, value, currency
FROM events
WHERE event IN ('purchase', 'refund', 'order_cancel');

INSERT INTO persons (lane, person_id, first_seen_at, last_seen_at, first_touch, first_device, country, locale, timezone, traits, user_ids, device_ids)
SELECT
    lane,
    person_id,
    min(occurred_at),
    max(occurred_at),
    argMinIfState((toString(channel), toString(campaign_source), toString(campaign_medium), toString(campaign_name))::Tuple(channel String, source String, medium String, name String), (occurred_at, message_id), channel != ''),
    argMinIfState(toString(device_type), (occurred_at, message_id), device_type != ''),
    argMaxIfState(toString(e.country), (occurred_at, message_id), e.country != ''),
    argMaxIfState(toString(e.locale), (occurred_at, message_id), e.locale != ''),
    argMaxIfState(toString(e.timezone), (occurred_at, message_id), e.timezone != ''),
    argMaxIfState(toJSONString(props), (occurred_at, message_id), event = 'identify'),
    groupUniqArrayIf(user_id, user_id != ''),
    groupUniqArrayIf(device_id, device_id != '')
FROM events AS e
GROUP BY lane, person_id;
