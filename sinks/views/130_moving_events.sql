-- Events that move windows, with the person that they belong to now: what everything of this chapter is computed from.
-- Grain: one row an event that did not come too late
-- Parameters:
-- - lane String: run of the stream
-- - part UInt32: which part of the persons, from 0
-- - parts UInt32: into how many parts all persons are divided by a hash of their ids; 1: everyone at once
-- Columns:
-- - lane: run of the stream
-- - person_id: the person now
-- - device_id: anonymous id of the device; empty if unknown
-- - user_id: id of the signed-in user; empty if unknown
-- - at_ms: when it happened, epoch milliseconds
-- - message_id: id that the client gave the event
-- - write_key: key that it was sent with
-- - event: canonical name
-- - channel: channel of the visit that it starts
-- - campaign: utm_source, utm_medium, utm_campaign
-- - device_type: mobile, desktop, tablet or store
-- - page_url: address of the page
-- - items: products that the event is about
-- - cart_items: the whole cart after the event, where the client told it
-- - cart_emptied: the client told the whole cart, and there was nothing in it
-- - cart_id: cart of the shop
-- - order_id: order of the shop
-- - value: amount of money of the event
-- - currency: ISO 4217 code of all amounts
-- - share_id: share that was made or come through; of one without an id `unnamed:<write key>:<message id>`
-- - parent_share_id: share that the sharer came through
-- Example: SELECT event, count() FROM moving_events(lane = 'live', part = 0, parts = 1) GROUP BY event
-- Caveats: a lane of many millions of events is best looked at in parts of about a million events each.
CREATE OR REPLACE VIEW moving_events AS
SELECT
    e.lane AS lane,
    if(i.person_id = '', e.person_id, i.person_id) AS person_id,
    e.device_id AS device_id,
    e.user_id AS user_id,
    toUnixTimestamp64Milli(e.occurred_at) AS at_ms,
    e.message_id AS message_id,
    e.write_key AS write_key,
    e.event AS event,
    toString(e.channel) AS channel,
    (toString(e.campaign_source), toString(e.campaign_medium), toString(e.campaign_name)) AS campaign,
    toString(e.device_type) AS device_type,
    e.page_url AS page_url,
    e.items AS items,
    e.cart_items AS cart_items,
    e.cart_emptied AS cart_emptied,
    e.cart_id AS cart_id,
    e.order_id AS order_id,
    e.value AS value,
    toString(e.currency) AS currency,
    if(e.share_id = '' AND e.event IN ('share', 'share_open', 'invite_accept'), concat('unnamed:', e.write_key, ':', e.message_id), e.share_id) AS share_id,
    e.parent_share_id AS parent_share_id
FROM events AS e
LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person_id
WHERE e.lane = {lane:String} AND NOT e.late
    AND cityHash64(if(i.person_id = '', e.person_id, i.person_id)) % {parts:UInt32} = {part:UInt32}
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
