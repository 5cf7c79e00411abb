-- Days with far more or fewer events than is usual, by the median distance from the median (MAD).
-- Grain: one row a day and event, of days with such an event
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - limit Float64: how many times the usual distance (1.4826 x MAD, the standard deviation of a bell curve) is outlying; 3.5 is common
-- Columns:
-- - day: day of the shop on which it happened
-- - event: name from the event catalogue
-- - events: how many came
-- - median: median over the days
-- - distance: (events - median) / usual distance; NULL when the days hardly differ
-- - outlying: 1 when it is further than the limit
-- Example: SELECT * FROM outlying_days(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', limit = 3.5) WHERE outlying
-- Caveats: days without any such event are not there, and events with a wrong clock make days of their own: a day years away is outlying.
CREATE OR REPLACE VIEW outlying_days AS
SELECT
    day,
    event,
    events,
    median,
    (events - median) / nullIf(1.4826 * quantileExactInclusive(0.5)(abs(events - median)) OVER (PARTITION BY event), 0) AS distance,
    ifNull(abs(distance) > {limit:Float64}, 0) AS outlying
FROM
(
    SELECT d.day AS day, d.event AS event, d.events AS events, quantileExactInclusive(0.5)(d.events) OVER (PARTITION BY d.event) AS median
    FROM events_by_day(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS d
);
