-- How often each event came on each day, and from how many persons.
-- Grain: one row a day and event
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - day: day of the shop
-- - event: name from the event catalogue; custom for a name outside it
-- - events: how many came
-- - persons: persons they came from, as they are now
-- - late: how many of them came too late to move a window
-- Example: SELECT * FROM events_by_day(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') ORDER BY day, event
-- Caveats: a day is that of the event, not of its arrival; persons of several days or events cannot be added up.
CREATE OR REPLACE VIEW events_by_day AS
SELECT
    e.day AS day,
    e.event AS event,
    sum(e.events) AS events,
    uniqExact(if(i.person_id = '', e.person_id, i.person_id)) AS persons,
    sum(e.late) AS late
FROM
(
    SELECT toDate(occurred_at, $timezone) AS day, event, person_id, count() AS events, countIf(e.late) AS late
    FROM events AS e
    WHERE lane = {lane:String}
        AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        AND toDate(occurred_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY day, event, person_id
) AS e
LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person_id
GROUP BY day, event
SETTINGS join_use_nulls = 0;
