-- What came in each day and how good it was: stored, late, with an id that another event had, doubled, refused.
-- Grain: one row a day of arrival and write key
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - day: day of the shop on which it came in
-- - write_key: key that it was sent with; empty where that could not be read
-- - stored: events in the table `events`
-- - late: of those, came too late to move a window
-- - ids_reused: of those, had an id that another event with other contents had
-- - duplicates: copies of an event that was there, left out
-- - rejected: refused for another reason, see `rejected_by_reason`
-- - late_share: late / stored, 0 - 1; NULL when nothing was stored
-- - duplicate_share: duplicates / all that came, 0 - 1
-- - rejected_share: rejected / all that came, 0 - 1
-- Example: SELECT * FROM quality_by_day(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') ORDER BY day, write_key
-- Caveats: days are those of arrival, so that a bad release shows on the day it came; a request that was refused as a whole is one.
CREATE OR REPLACE VIEW quality_by_day AS
SELECT
    day,
    write_key,
    sum(q.stored) AS stored,
    sum(q.late) AS late,
    sum(q.ids_reused) AS ids_reused,
    sum(q.duplicates) AS duplicates,
    sum(q.rejected) AS rejected,
    if(stored = 0, NULL, late / stored) AS late_share,
    duplicates / (stored + duplicates + rejected) AS duplicate_share,
    rejected / (stored + duplicates + rejected) AS rejected_share
FROM
(
    SELECT
        toDate(received_at, $timezone) AS day,
        toString(write_key) AS write_key,
        count() AS stored,
        countIf(e.late) AS late,
        countIf(id_reused) AS ids_reused,
        0 AS duplicates,
        0 AS rejected
    FROM events AS e
    WHERE lane = {lane:String} AND toDate(received_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY day, write_key
    UNION ALL
    SELECT
        toDate(received_at, $timezone) AS day,
        toString(write_key) AS write_key,
        0 AS stored,
        0 AS late,
        0 AS ids_reused,
        countIf(code = 'duplicate') AS duplicates,
        countIf(code != 'duplicate') AS rejected
    FROM rejected
    WHERE lane = {lane:String} AND toDate(received_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY day, write_key
) AS q
GROUP BY day, write_key;
