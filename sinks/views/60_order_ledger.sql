-- What was taken and given back, on the day it happened: a line for each purchase, refund and cancellation that counts.
-- Grain: one row a purchase event with new contents, a refund or a cancellation
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - day: day of the line, in the business time zone
-- - occurred_at: when it happened
-- - order_id: order of the shop; of a purchase that named none its message id
-- - kind: purchase, refund or order_cancel
-- - is_order: the line that the order is counted by, its first purchase
-- - person_id: the person now, of the order's first purchase
-- - source: web, app, server or store, of the order
-- - device_type: mobile, desktop, tablet, store or bot, of the order
-- - country: country of the client, of the order
-- - coupon: coupon of the order
-- - payment_method: way of payment of the order
-- - currency: ISO 4217 code of the order
-- - revenue: taken; 0 of a refund
-- - refunded: paid back; 0 of a purchase
-- - items: products bought or given back; of a whole refund all of the order's, and those given back before once more with a negative quantity
-- Example: SELECT day, currency, sum(revenue) - sum(refunded) AS net FROM order_ledger(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31')
--   GROUP BY day, currency ORDER BY day
-- Caveats: the sums over all days are those of `orders_now`. A cancellation, or a refund without an amount, gives back what is left of the order, and what comes after it nothing more; amounts in another currency than the order's count as 0. A refund of an order that was never seen is a line with a `refunded` of its own.
CREATE OR REPLACE VIEW order_ledger AS
SELECT
    {lane:String} AS lane,
    l.day AS day,
    l.line.1 AS occurred_at,
    l.order_id AS order_id,
    l.line.2 AS kind,
    l.line.3 AS is_order,
    if(i.person_id = '', l.person_then, i.person_id) AS person_id,
    l.source AS source,
    l.device_type AS device_type,
    l.country AS country,
    l.coupon AS coupon,
    l.payment_method AS payment_method,
    l.currency AS currency,
    l.line.4 AS revenue,
    l.line.5 AS refunded,
    l.line.6 AS items
FROM
(
    SELECT
        order_id,
        person_then,
        source,
        device_type,
        country,
        coupon,
        payment_method,
        currency,
        arraySort(part -> (part.1, part.2, part.3), parts) AS sorted,
        arrayMap(part -> if(part.5 = currency, part.6, toDecimal64(0, 4)), sorted) AS amounts,
        arrayFirstIndex(part -> part.4 = 'order_cancel' OR part.4 = 'refund' AND part.7, sorted) AS whole,
        arraySum((part, amount) -> if(part.1, 0, amount), sorted, amounts) AS value,
        arraySum((part, amount, at) -> if(part.1 AND at < whole, amount, 0), sorted, amounts, arrayEnumerate(sorted)) AS returned,
        arrayFlatten(arrayMap(part -> if(part.1, [], part.8), sorted)) AS bought,
        arrayFlatten(arrayMap((part, at) -> if(part.1 AND at < whole, arrayMap(item -> (item.1, item.2, item.3, item.4, item.5, item.6, -item.7)::Tuple(product_id String, name String, category String, brand String, variant String, price Nullable(Decimal(18, 4)), quantity Int64), part.8), []), sorted, arrayEnumerate(sorted))) AS taken_off,
        arrayJoin(
            arrayMap(
                (part, amount, at) -> (
                    part.2,
                    part.4,
                    at = 1 AND NOT part.1,
                    if(part.1, 0, amount),
                    multiIf(NOT part.1, 0, whole = 0 OR at < whole, amount, at = whole, value - returned, 0),
                    multiIf(NOT part.1 OR whole = 0 OR at < whole, part.8, at = whole, arrayConcat(bought, taken_off), [])
                ),
                sorted,
                amounts,
                arrayEnumerate(sorted)
            )
        ) AS line,
        toDate(line.1, $timezone) AS day
    FROM
    (
        SELECT
            order_id,
            groupArray((kind != 'purchase', first_at, first_id, kind, part.currency, amount, is_whole, part.items)) AS parts,
            argMin(part.person_id, (kind != 'purchase', first_at, first_id)) AS person_then,
            argMin(part.source, (kind != 'purchase', first_at, first_id)) AS source,
            argMin(part.device_type, (kind != 'purchase', first_at, first_id)) AS device_type,
            argMin(part.country, (kind != 'purchase', first_at, first_id)) AS country,
            argMin(part.coupon, (kind != 'purchase', first_at, first_id)) AS coupon,
            argMin(part.payment_method, (kind != 'purchase', first_at, first_id)) AS payment_method,
            argMin(part.currency, (kind != 'purchase', first_at, first_id)) AS currency
        FROM
        (
            SELECT
                order_id,
                kind,
                min(occurred_at) AS first_at,
                argMin(message_id, (occurred_at, message_id)) AS first_id,
                argMin(o.person_id, (occurred_at, message_id)) AS person_id,
                argMin(o.source, (occurred_at, message_id)) AS source,
                argMin(o.device_type, (occurred_at, message_id)) AS device_type,
                argMin(o.country, (occurred_at, message_id)) AS country,
                argMin(o.coupon, (occurred_at, message_id)) AS coupon,
                argMin(o.payment_method, (occurred_at, message_id)) AS payment_method,
                any(o.items) AS items,
                any(o.currency) AS currency,
                any(ifNull(o.value, 0)) AS amount,
                any(o.value IS NULL) AS is_whole
            FROM orders AS o FINAL
            WHERE lane = {lane:String} AND order_id IN (
                SELECT order_id FROM orders WHERE lane = {lane:String} AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
            )
            GROUP BY order_id, kind, if(kind = 'purchase', cityHash64(o.value, o.currency, o.items), cityHash64(o.message_id))
        ) AS part
        GROUP BY order_id
    )
    WHERE day BETWEEN {from_day:Date} AND {to_day:Date}
) AS l
LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = l.person_then
SETTINGS join_use_nulls = 0;
