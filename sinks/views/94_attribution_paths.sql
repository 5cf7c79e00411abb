-- The ways of visits by channel, those that ended in an order and those that did not.
-- Grain: one row a path
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders, and of visits that led to none
-- - to_day Date: last day of both
-- - window_days UInt16: how long before the order a visit may have begun
-- Columns:
-- - path: channels of the visits, in order of time
-- - orders: orders that ended it
-- - nulls: persons whose visits of the period, after their last order if they had one, were these and led to nothing
-- Example: SELECT arrayStringConcat(path, ' > ') AS way, orders, nulls FROM attribution_paths(lane = 'live', from_day = '2026-01-01',
--   to_day = '2026-01-31', window_days = 30) ORDER BY orders DESC LIMIT 20
-- Caveats: the path of an order holds the same visits as attribution_touches; a path without an order may still end in one after the period.
CREATE OR REPLACE VIEW attribution_paths AS
SELECT path, sum(ordered) AS orders, sum(failed) AS nulls
FROM
(
    SELECT arrayMap(t -> t.2, arraySort(groupArray((position, channel)))) AS path, 1 AS ordered, 0 AS failed
    FROM attribution_touches(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, window_days = {window_days:UInt16}, half_life_days = 1)
    GROUP BY order_id
    UNION ALL
    SELECT arrayMap(t -> t.3, arraySort(groupArray((v.started_at, v.session_id, v.channel)))) AS path, 0, 1
    FROM
    (
        SELECT if(i.person = 0, s.person, i.person) AS person, s.session_id AS session_id, s.started_at AS started_at, s.channel::String AS channel
        FROM
        (
            SELECT cityHash64(person_id) AS person, session_id, started_at, channel -- hashes as in events_by_day
            FROM sessions FINAL
            WHERE lane = {lane:String} AND channel != '' AND toDate(started_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
        ) AS s
        LEFT JOIN (SELECT cityHash64(id) AS id, cityHash64(person_id) AS person FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = s.person
    ) AS v
    LEFT JOIN
    (
        SELECT cityHash64(person_id) AS person, max(assumeNotNull(ordered_at)) AS last_ordered_at
        FROM orders_now
        WHERE lane = {lane:String} AND ordered_at IS NOT NULL AND toDate(assumeNotNull(ordered_at), $timezone) <= {to_day:Date}
        GROUP BY person
    ) AS o ON o.person = v.person
    WHERE o.person = 0 OR v.started_at > o.last_ordered_at
    GROUP BY v.person
)
GROUP BY path
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
