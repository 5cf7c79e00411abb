-- The last 60 minutes of a lane by its own clock, for a live chart.
-- Grain: one row a minute, always 60; the last one is the minute that is under way
-- Parameters:
-- - lane String: run of the stream
-- Columns:
-- - minute: its beginning, UTC
-- - events: events that happened in it
-- - persons: persons they came from, as they are now
-- - carts: times that something was put into a cart
-- - orders: orders placed
-- Example: SELECT minute, events, persons FROM live_minutes(lane = 'live') ORDER BY minute
-- Caveats: bots are left out; now is the clock of the partition that is furthest behind (`clocks_now`), so a replay has a last hour, too; without a clock there are no rows; late events are left out.
CREATE OR REPLACE VIEW live_minutes AS
SELECT
    m.minute AS minute,
    e.events AS events,
    e.persons AS persons,
    e.carts AS carts,
    e.orders AS orders
FROM
(
    SELECT toStartOfMinute(min(now_at)) - toIntervalMinute(arrayJoin(range(60))) AS minute
    FROM clocks_now
    WHERE lane = {lane:String}
    HAVING count() > 0
) AS m
LEFT JOIN
(
    SELECT
        toStartOfMinute(e.occurred_at) AS minute,
        count() AS events,
        uniqExact(if(i.person_id = '', e.person_id, i.person_id)) AS persons,
        countIf(e.event = 'add_to_cart') AS carts,
        uniqExactIf(if(e.order_id = '', e.message_id, e.order_id), e.event = 'purchase') AS orders
    FROM
    (
        SELECT occurred_at, event, person_id, order_id, message_id
        FROM events
        WHERE lane = {lane:String} AND NOT late AND bot = ''
            AND toDate(occurred_at) >= (SELECT toDate(min(now_at) - toIntervalHour(1)) FROM clocks_now WHERE lane = {lane:String})
            AND occurred_at >= (SELECT toStartOfMinute(min(now_at)) - toIntervalMinute(59) FROM clocks_now WHERE lane = {lane:String})
    ) AS e
    LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person_id
    GROUP BY minute
) AS e ON e.minute = m.minute
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
