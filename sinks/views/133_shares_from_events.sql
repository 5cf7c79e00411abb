-- Shares, their openings and the orders credited to them, computed anew from the events: what `shares_now` must equal.
-- Grain: one row an event: a share, its opening, an accepted invitation, an order that came through one
-- Parameters:
-- - lane String: run of the stream
-- - part UInt32: which part of the persons, from 0
-- - parts UInt32: into how many parts all persons are divided; 1: everyone at once
-- Columns:
-- - lane: run of the stream
-- - person_id: who shared, came or ordered
-- - kind: share, open, invite_accept or order
-- - message_id: event that the row comes from
-- - occurred_at: when it happened
-- - share_id: id of the share; of one without an id `unnamed:<write key>:<message id>`, where the table has a hash of both
-- - parent_share_id: share that the sharer came through
-- - order_id: order that came through the share
-- - value: value of that order, in currency
-- - currency: ISO 4217 code of value
-- Example: SELECT kind, count() FROM shares_from_events(lane = 'live', part = 0, parts = 1) GROUP BY kind
-- Caveats: uses the setting attribution_window_s of the last `cartwake migrate`; a lane that ran with another differs.
CREATE OR REPLACE VIEW shares_from_events AS
WITH
    telling AS
    (
        SELECT lane, person_id, at_ms, message_id, event, share_id, parent_share_id, order_id, value, currency
        FROM moving_events(lane = {lane:String}, part = {part:UInt32}, parts = {parts:UInt32})
        WHERE event IN ('share', 'share_open', 'invite_accept', 'purchase')
    ),
    opened AS (SELECT lane, person_id, at_ms, message_id, share_id FROM telling WHERE event IN ('share_open', 'invite_accept')),
    came AS
    (
        SELECT
            t.lane AS lane,
            t.person_id AS person_id,
            t.at_ms AS at_ms,
            t.message_id AS message_id,
            t.event AS event,
            t.share_id AS share_id,
            t.parent_share_id AS parent_share_id,
            t.order_id AS order_id,
            t.value AS value,
            t.currency AS currency,
            argMaxIf(o.share_id, (o.at_ms, o.message_id), o.at_ms BETWEEN t.at_ms - $attribution_ms AND t.at_ms) AS through
        FROM telling AS t
        LEFT JOIN opened AS o ON o.lane = t.lane AND o.person_id = t.person_id
        GROUP BY ALL
    )
SELECT
    lane,
    person_id,
    transform(event, ['share_open', 'purchase'], ['open', 'order'], toString(event)) AS kind,
    message_id,
    fromUnixTimestamp64Milli(at_ms, 'UTC') AS occurred_at,
    if(event = 'purchase', through, share_id) AS share_id,
    multiIf(event = 'purchase', '', event != 'share' OR parent_share_id != '', parent_share_id, through) AS parent_share_id,
    if(event = 'purchase', order_id, '') AS order_id,
    if(event = 'purchase', value, NULL) AS value,
    if(event = 'purchase', currency, '') AS currency
FROM came
WHERE event != 'purchase' OR through != ''
SETTINGS join_use_nulls = 0;
