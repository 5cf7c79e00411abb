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
    toDate(e.occurred_at, $timezone) AS day,
    e.event AS event,
    count() AS events,
    -- Persons as hashes of 64 bits: half the time, and among ten million persons a chance of one in 300,000 that two look like one.
    uniqExact(if(i.person = 0, e.person, i.person)) AS persons,
    countIf(e.late) AS late
FROM
(
    SELECT occurred_at, event, cityHash64(person_id) AS person, late
    FROM events
    WHERE lane = {lane:String}
        AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        AND toDate(occurred_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
) AS e
LEFT JOIN (SELECT cityHash64(id) AS id, cityHash64(person_id) AS person FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person
GROUP BY day, event
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
