-- What came before each order: its person's events since the order before, and the time from the first look to the order.
-- Grain: one row an order of the period
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders
-- - lookback_s UInt64: events longer before the order are left out, seconds
-- - events Array(String): names of the events that make the path; [] for all but those that only say who someone is
-- Columns:
-- - order_id: order of the shop; of a purchase that named none its message id
-- - person_id: the person now
-- - ordered_at: when it was placed
-- - order_number: 1 for the person's first order, and so on
-- - path: names of the events before it, in order; of the same one several times in a row only the first
-- - events_before: how many they were, before that
-- - page_views: pages and screens seen before the order
-- - item_views: products looked at before the order
-- - first_view_at: first page, screen or product seen; NULL when none was
-- - decision_s: time from there to the order, seconds; NULL when none was
-- Example: SELECT order_id, path, decision_s FROM order_paths(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', lookback_s = 2592000, events = ['view_item', 'add_to_cart', 'begin_checkout']) ORDER BY ordered_at
-- Caveats: page views, products looked at and the first view are counted among `events`, so name `page_view` and `view_item` there or leave it empty; an event outside the catalogue is `custom` unless `events` has its own name; orders and events that came too late are left out; orders are numbered from the lane's beginning.
CREATE OR REPLACE VIEW order_paths AS
WITH
    -- An event is one number, 256 x its time in ms + its name's number, an order 256 x its time + 255: they sort by time, the order last.
    if(empty({events:Array(String)}), (SELECT groupUniqArray(toString(event)) FROM events WHERE lane = {lane:String}), {events:Array(String)}) AS names
SELECT
    order_id,
    person_id,
    fromUnixTimestamp64Milli(ordered_ms, 'UTC') AS ordered_at,
    order_number,
    arrayMap(code -> names[code], arrayCompact(codes)) AS path,
    length(codes) AS events_before,
    arrayCount(code -> code IN (indexOf(names, 'page_view'), indexOf(names, 'screen_view')), codes) AS page_views,
    arrayCount(code -> code = indexOf(names, 'view_item'), codes) AS item_views,
    if(first_view = 0, NULL, fromUnixTimestamp64Milli(toInt64(bitShiftRight(first_view, 8)), 'UTC')) AS first_view_at,
    if(first_view = 0, NULL, (ordered_ms - toInt64(bitShiftRight(first_view, 8))) / 1000) AS decision_s
FROM
(
    SELECT
        person_id,
        order_number,
        order_ids[order_number].2 AS order_id,
        toInt64(bitShiftRight(part[-1], 8)) AS ordered_ms,
        arrayFilter(x -> bitShiftRight(x, 8) + {lookback_s:UInt64} * 1000 >= ordered_ms, arrayPopBack(part)) AS seen,
        arrayMap(x -> bitAnd(x, 255), seen) AS codes,
        arrayFirst(x -> names[bitAnd(x, 255)] IN ('page_view', 'screen_view', 'view_item'), seen) AS first_view
    FROM
    (
        SELECT
            person_id,
            arraySort(groupArrayArray(orders)) AS order_ids,
            arrayFilter(part -> bitAnd(part[-1], 255) = 255, arrayReverseSplit(x -> bitAnd(x, 255) = 255, arraySort(groupArrayArray(moments)))) AS parts
        FROM
        (
            SELECT
                person_id,
                [(toInt64(toUnixTimestamp64Milli(assumeNotNull(ordered_at))), order_id)] AS orders,
                [toUInt64(toUnixTimestamp64Milli(assumeNotNull(ordered_at))) * 256 + 255] AS moments
            FROM orders_now
            WHERE lane = {lane:String} AND NOT late AND ordered_at IS NOT NULL
            UNION ALL
            SELECT if(i.person_id = '', e.person_id, i.person_id) AS person_id, [] AS orders, e.moments AS moments
            FROM
            (
                SELECT
                    person_id,
                    groupArray(toUInt64(toUnixTimestamp64Milli(occurred_at)) * 256
                        + indexOf(names, if(event = 'custom' AND notEmpty({events:Array(String)}), event_raw, toString(event)))) AS moments
                FROM events
                WHERE lane = {lane:String} AND NOT late
                    AND event NOT IN ('purchase', $quiet_events, 'refund', 'order_cancel')
                    AND (empty({events:Array(String)}) OR event IN {events:Array(String)} OR (event = 'custom' AND event_raw IN {events:Array(String)}))
                    AND toDate(occurred_at) BETWEEN toDate32({from_day:Date}) - 2 - toInt32(intDiv({lookback_s:UInt64}, 86400)) AND {to_day:Date} + 1
                    AND person_id IN
                    (
                        SELECT person_id FROM orders WHERE lane = {lane:String} AND kind = 'purchase'
                        UNION DISTINCT
                        SELECT arrayJoin([id, person_id]) FROM identities_now WHERE lane = {lane:String}
                    )
                GROUP BY person_id
            ) AS e
            LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person_id
        )
        GROUP BY person_id
        HAVING notEmpty(order_ids)
    )
    ARRAY JOIN parts AS part, arrayEnumerate(parts) AS order_number
)
WHERE toDate(fromUnixTimestamp64Milli(ordered_ms, 'UTC'), $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
