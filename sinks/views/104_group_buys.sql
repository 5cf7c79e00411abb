-- Group purchases: who opened one, who joined, and whether enough came in time.
-- Grain: one row a group purchase that was opened in the period
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of opening
-- - to_day Date: last day of opening
-- - size UInt16: persons, the opener among them, that complete one whose opening names no group_size; such as 2
-- - window_hours UInt32: time from the opening within which they must come; such as 24
-- Columns:
-- - group_buy_id: group purchase
-- - person_id: who opened it, now
-- - product_id: product of the opening
-- - opened_at: when it was opened
-- - needed: persons, the opener among them, that complete it: group_size of the opening, else size
-- - joined: others who joined within the window, each once
-- - joined_late: others who joined after it
-- - completed: joined in time with the opener are as many as needed
-- - completed_at: when the last one needed joined; NULL if not completed
-- - completed_after_s: seconds from the opening to that
-- - orders: orders that name the group purchase
-- - revenue: their value by currency, less refunds
-- Example: SELECT * FROM group_buys(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', size = 2, window_hours = 24)
-- Caveats: a group purchase whose opening was not told, or came too late, has no row. A join that the clocks put before the opening counts.
CREATE OR REPLACE VIEW group_buys AS
SELECT
    g.group_buy_id AS group_buy_id,
    g.opener AS person_id,
    g.product_id AS product_id,
    g.opened_at AS opened_at,
    g.needed AS needed,
    length(g.times) AS joined,
    g.others - length(g.times) AS joined_late,
    joined + 1 >= g.needed AS completed,
    if(completed, greatest(g.opened_at, g.times[g.needed - 1]), NULL) AS completed_at,
    intDiv(toUnixTimestamp64Milli(completed_at) - toUnixTimestamp64Milli(g.opened_at), 1000) AS completed_after_s,
    o.orders AS orders,
    o.revenue AS revenue
FROM
(
    SELECT
        group_buy_id,
        argMin(p.person_id, p.opened) AS opener,
        argMin(p.product_id, p.opened) AS product_id,
        argMin(p.group_size, p.opened) AS said,
        min(p.opened).1 AS opened_at,
        if(said > 0, said, {size:UInt16}) AS needed,
        arrayFilter(pair -> pair.2 != opener, groupArrayIf((p.joined_at, p.person_id), p.joins > 0)) AS joins,
        length(joins) AS others,
        arraySort(arrayFilter(at -> at < opened_at + toIntervalHour({window_hours:UInt32}), arrayMap(pair -> pair.1, joins))) AS times
    FROM
    (
        SELECT
            group_buy_id,
            if(i.person_id = '', e.person_id, i.person_id) AS person_id,
            if(countIf(event = 'group_buy_open') > 0, minIf((occurred_at, message_id), event = 'group_buy_open'), (toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), '')) AS opened,
            argMinIf(e.product_id, (occurred_at, message_id), event = 'group_buy_open') AS product_id,
            argMinIf(e.group_size, (occurred_at, message_id), event = 'group_buy_open') AS group_size,
            minIf(occurred_at, event = 'group_buy_join') AS joined_at,
            countIf(event = 'group_buy_join') AS joins
        FROM
        (
            SELECT group_buy_id, person_id, event, occurred_at, message_id, product_id, group_size
            FROM events
            WHERE lane = {lane:String} AND event IN ('group_buy_open', 'group_buy_join') AND NOT late AND group_buy_id != ''
                AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 2 + intDiv({window_hours:UInt32}, 24)
        ) AS e
        LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person_id
        GROUP BY group_buy_id, person_id
    ) AS p
    GROUP BY group_buy_id
    HAVING toDate(opened_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
) AS g
LEFT JOIN
(
    SELECT group_buy_id, count() AS orders, sumMap(map(currency::String, net_value)) AS revenue
    FROM orders_now
    WHERE lane = {lane:String} AND group_buy_id != '' AND ordered_at IS NOT NULL
        AND order_id IN (SELECT order_id FROM orders WHERE lane = {lane:String} AND group_buy_id != '')
    GROUP BY group_buy_id
) AS o ON o.group_buy_id = g.group_buy_id
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
