-- Who was there on which day: persons who did something, beyond saying who they are.
-- Grain: one row a day, person, source and kind of device
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - day: day, in the business time zone
-- - person_id: the person now
-- - source: web, app, server or store
-- - device_type: mobile, desktop, tablet, store or bot
-- Example: SELECT day, uniqExact(person_id) FROM visitor_days(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') GROUP BY day ORDER BY day
-- Caveats: bots are left out; identify, alias, group and consent are no visit, nor are refund and order_cancel, which the shop does. Events that arrived late count.
CREATE OR REPLACE VIEW visitor_days AS
SELECT DISTINCT
    {lane:String} AS lane,
    v.day AS day,
    if(i.person_id = '', v.person_id, i.person_id) AS person_id,
    v.source AS source,
    v.device_type AS device_type
FROM
(
    SELECT DISTINCT toDate(occurred_at, $timezone) AS day, person_id, source, device_type
    FROM events
    WHERE lane = {lane:String}
        AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        AND event NOT IN ('identify', 'alias', 'group', 'consent', 'refund', 'order_cancel')
        AND bot = ''
        AND day BETWEEN {from_day:Date} AND {to_day:Date}
) AS v
LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = v.person_id
SETTINGS join_use_nulls = 0;
