-- Each day's traffic: visitors, pages, products looked at, visits, bounces and their length.
-- Grain: one row a day, also of days on which nobody came
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - day: day of the shop
-- - visitors: persons who did something (UV), as they are now
-- - page_views: pages and screens seen (PV)
-- - item_views: products looked at
-- - sessions: visits that began
-- - bounces: visits of one page view and no interaction
-- - bounce_rate: bounces / sessions, 0 - 1; NULL without visits
-- - mean_visit_s: mean time from a visit's first event to its last, seconds; NULL without visits
-- Example: SELECT * FROM traffic_by_day(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') ORDER BY day
-- Caveats: bots are left out; visitors and views are of the day of the event and include those without a device or that came late, visits are of the day on which they began; refunds, cancellations and what only says who someone is make no visitor.
CREATE OR REPLACE VIEW traffic_by_day AS
SELECT
    d.day AS day,
    e.visitors AS visitors,
    e.page_views AS page_views,
    e.item_views AS item_views,
    s.sessions AS sessions,
    s.bounces AS bounces,
    if(s.sessions = 0, NULL, s.bounce_rate) AS bounce_rate,
    if(s.sessions = 0, NULL, s.mean_visit_s) AS mean_visit_s
FROM (SELECT {from_day:Date} + arrayJoin(range(toUInt32({to_day:Date} - {from_day:Date} + 1))) AS day) AS d
LEFT JOIN
(
    SELECT
        toDate(e.occurred_at, $timezone) AS day,
        uniqExact(if(i.person = 0, e.person, i.person)) AS visitors,
        countIf(e.event IN ('page_view', 'screen_view')) AS page_views,
        countIf(e.event = 'view_item') AS item_views
    FROM
    (
        SELECT occurred_at, event, cityHash64(person_id) AS person -- as in events_by_day
        FROM events
        WHERE lane = {lane:String}
            AND event NOT IN ($quiet_events, 'refund', 'order_cancel')
            AND bot = ''
            AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
            AND toDate(occurred_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    ) AS e
    LEFT JOIN (SELECT cityHash64(id) AS id, cityHash64(person_id) AS person FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person
    GROUP BY day
) AS e ON e.day = d.day
LEFT JOIN
(
    SELECT assumeNotNull(v.day) AS day, sessions, bounces, bounce_rate, mean_visit_s
    FROM visits(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, by = ['day']) AS v
) AS s ON s.day = d.day
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
