-- Who was there on which day: persons who did something, beyond saying who they are.
-- Grain: one row a day, person, source and kind of device
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - day: day, in the business time zone
-- - person: the person now as a hash of 64 bits, for counts that have to be quick
-- - person_id: the person now
-- - source: web, app, server or store
-- - device_type: mobile, desktop, tablet, store or bot
-- Example: SELECT day, uniqExact(person_id) FROM visitor_days(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') GROUP BY day ORDER BY day
-- Caveats: bots are left out; identify, alias, group, consent and experiment_view are no visit, nor are refund and order_cancel, which the shop does. Events that arrived late count.
CREATE OR REPLACE VIEW visitor_days AS
SELECT
    {lane:String} AS lane,
    v.day AS day,
    if(i.person = 0, v.person, i.person) AS person, -- as in events_by_day
    any(if(i.person = 0, v.person_id, i.person_id)) AS person_id,
    v.source AS source,
    v.device_type AS device_type
FROM
(
    SELECT toDate(occurred_at, $timezone) AS day, cityHash64(events.person_id) AS person, any(events.person_id) AS person_id, source, device_type
    FROM events
    WHERE lane = {lane:String}
        AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        AND event NOT IN ($quiet_events, 'refund', 'order_cancel')
        AND bot = ''
        AND day BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY day, person, source, device_type
) AS v
LEFT JOIN (SELECT cityHash64(id) AS id, cityHash64(person_id) AS person, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = v.person
GROUP BY day, person, source, device_type
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
