-- What was taken and given back, on the day it happened: a line for each order, refund and cancellation.
-- Grain: one row an order, on the day of its first purchase; one a refund or cancellation, on the day it came
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
-- - is_order: the line that the order is counted by
-- - person_id: the person now, of the order's first purchase
-- - source: web, app, server or store, of the order
-- - device_type: mobile, desktop, tablet, store or bot, of the order
-- - country: country of the client, of the order
-- - coupon: coupon of the order
-- - payment_method: way of payment of the order
-- - currency: ISO 4217 code of the order
-- - revenue: taken; 0 of a refund
-- - refunded: paid back; 0 of a purchase
-- - units: units bought or given back; of a whole refund those that had not been given back
-- - items: products bought or given back; of a whole refund all of the order's, and those given back before once more with a negative quantity
-- Example: SELECT day, currency, sum(revenue) - sum(refunded) AS net FROM order_ledger(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31')
--   GROUP BY day, currency ORDER BY day
-- Caveats: the sums over all days are those of `orders_now`. A cancellation, or a refund without an amount, gives back what is left of the order, and what comes after it nothing more; amounts in another currency than the order's count as 0. A refund of an order that was never seen is a line with a `refunded` of its own.
CREATE OR REPLACE VIEW order_ledger AS
SELECT
    {lane:String} AS lane,
    toDate(assumeNotNull(ordered_at), $timezone) AS day,
    assumeNotNull(ordered_at) AS occurred_at,
    order_id,
    'purchase' AS kind,
    true AS is_order,
    person_id,
    source,
    device_type,
    country,
    coupon,
    payment_method,
    currency,
    value AS revenue,
    toDecimal128(0, 4) AS refunded,
    quantity AS units,
    items
FROM orders_now
WHERE lane = {lane:String}
    AND ordered_at IS NOT NULL
    AND toDate(assumeNotNull(ordered_at), $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    AND order_id IN (
        SELECT order_id FROM orders
        WHERE lane = {lane:String} AND kind = 'purchase' AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
    )
UNION ALL
SELECT
    {lane:String} AS lane,
    toDate(back.1, $timezone) AS day,
    back.1 AS occurred_at,
    order_id,
    back.3 AS kind,
    false AS is_order,
    person_id,
    source,
    device_type,
    country,
    coupon,
    payment_method,
    currency,
    toDecimal128(0, 4) AS revenue,
    multiIf(whole = 0 OR at < whole, amount, at = whole, value - returned, 0) AS refunded,
    multiIf(whole = 0 OR at < whole, back.7, at = whole, quantity - units_returned, 0) AS units,
    given_back AS items
FROM
(
    SELECT
        o.order_id AS order_id,
        o.person_id AS person_id,
        o.source AS source,
        o.device_type AS device_type,
        o.country AS country,
        o.coupon AS coupon,
        o.payment_method AS payment_method,
        o.currency AS currency,
        o.value AS value,
        o.quantity AS quantity,
        r.backs AS backs,
        indexOf(backs.6, true) AS whole,
        arrayMap(back -> if(back.4 = o.currency, back.5, toDecimal64(0, 4)), backs) AS amounts,
        arraySlice(backs, 1, greatest(toInt64(whole) - 1, 0)) AS before,
        arraySum(arraySlice(amounts, 1, length(before))) AS returned,
        arraySum(before.7) AS units_returned,
        -- at the order's level, and not for each line: a wholesaler's order has a thousand of them
        if(whole = 0, backs.8, arrayResize(arrayPushBack(
            before.8,
            arrayConcat(
                o.items,
                arrayMap(item -> (item.1, item.2, item.3, item.4, item.5, item.6, -item.7)::Tuple(product_id String, name String, category String, brand String, variant String, price Nullable(Decimal(18, 4)), quantity Int64), arrayFlatten(before.8))
            )
        ), length(backs))) AS items_given_back
    FROM
    (
        SELECT
            order_id,
            arraySort(back -> (back.1, back.2), groupArray((occurred_at, message_id, kind, f.currency, ifNull(f.value, 0), kind = 'order_cancel' OR f.value IS NULL, arraySum(f.items.quantity), f.items))) AS backs
        FROM orders AS f FINAL
        WHERE lane = {lane:String} AND kind != 'purchase' AND order_id IN (
            SELECT order_id FROM orders
            WHERE lane = {lane:String} AND kind != 'purchase' AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        )
        GROUP BY order_id
    ) AS r
    INNER JOIN
    (
        SELECT order_id, person_id, source, device_type, country, coupon, payment_method, currency, value, quantity, items
        FROM orders_now
        WHERE lane = {lane:String} AND order_id IN (
            SELECT order_id FROM orders
            WHERE lane = {lane:String} AND kind != 'purchase' AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        )
    ) AS o ON o.order_id = r.order_id
)
ARRAY JOIN backs AS back, amounts AS amount, items_given_back AS given_back, arrayEnumerate(backs) AS at
WHERE day BETWEEN {from_day:Date} AND {to_day:Date};
