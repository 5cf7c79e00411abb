-- Orders as they are now, with what was given back.
-- Grain: one row an order of the shop
-- Columns:
-- - lane: run of the stream
-- - order_id: order of the shop; of a purchase that named none its message id
-- - person_id: the person now, of the first purchase (of a refund without a purchase, of that)
-- - ordered_at: first purchase; NULL when only refunds came
-- - source: web, app, server or store
-- - device_type: mobile, desktop, tablet, store or bot
-- - country: country of the client
-- - cart_id: cart that was ordered
-- - group_buy_id: group purchase that it belongs to
-- - coupon: coupon that was used
-- - payment_method: way of payment
-- - items: products, of all its purchase events
-- - quantity: units bought
-- - value: revenue before refunds, in currency
-- - refunded: what was paid back, in currency; all of the value after a cancellation or a refund without an amount
-- - net_value: value - refunded
-- - currency: ISO 4217 code of all amounts of the row
-- - cancelled: a cancellation came
-- - refunded_at: last refund or cancellation; NULL if none
-- - repeats: purchase events that said the same again (a thank-you page that was loaded twice) and were not counted
-- - late: the first purchase came too late to end its cart
-- Example: SELECT currency, count(), sum(net_value) FROM orders_now WHERE lane = 'live' AND ordered_at IS NOT NULL GROUP BY currency
-- Caveats: several purchase events of one order with different contents are its parts and are added up; amounts in another currency than the first one's are left out.
CREATE OR REPLACE VIEW orders_now AS
SELECT
    o.lane AS lane,
    o.order_id AS order_id,
    if(i.person_id = '', o.person_then, i.person_id) AS person_id,
    o.ordered_at AS ordered_at,
    o.source AS source,
    o.device_type AS device_type,
    o.country AS country,
    o.cart_id AS cart_id,
    o.group_buy_id AS group_buy_id,
    o.coupon AS coupon,
    o.payment_method AS payment_method,
    o.items AS items,
    arraySum(arrayMap(item -> item.quantity, o.items)) AS quantity,
    o.value AS value,
    if(o.whole, o.value, o.refunds) AS refunded,
    o.value - refunded AS net_value,
    o.currency AS currency,
    o.cancelled AS cancelled,
    o.refunded_at AS refunded_at,
    o.repeats AS repeats,
    o.late AS late
FROM
(
    SELECT
        lane,
        order_id,
        argMin(part.person_id, (kind != 'purchase', first_at, first_id)) AS person_then,
        minIf(first_at::Nullable(DateTime64(3, 'UTC')), kind = 'purchase') AS ordered_at,
        argMin(part.source, (kind != 'purchase', first_at, first_id)) AS source,
        argMin(part.device_type, (kind != 'purchase', first_at, first_id)) AS device_type,
        argMin(part.country, (kind != 'purchase', first_at, first_id)) AS country,
        argMin(part.cart_id, (kind != 'purchase', first_at, first_id)) AS cart_id,
        argMin(part.group_buy_id, (kind != 'purchase', first_at, first_id)) AS group_buy_id,
        argMin(part.coupon, (kind != 'purchase', first_at, first_id)) AS coupon,
        argMin(part.payment_method, (kind != 'purchase', first_at, first_id)) AS payment_method,
        argMin(part.currency, (kind != 'purchase', first_at, first_id)) AS currency,
        argMin(part.late, (kind != 'purchase', first_at, first_id)) AS late,
        arrayFlatten(groupArrayIf(part.items, kind = 'purchase')) AS items,
        arraySum(arrayMap(r -> if(r.1 = currency, r.2, 0), groupArrayIf((part.currency, part.currency_value), kind = 'purchase'))) AS value,
        arraySum(arrayMap(r -> if(r.1 = currency, r.2, 0), groupArrayIf((part.currency, part.currency_value), kind = 'refund'))) AS refunds,
        countIf(kind = 'order_cancel') > 0 AS cancelled,
        cancelled OR countIf(kind = 'refund' AND part.is_whole) > 0 AS whole,
        maxIf(last_at::Nullable(DateTime64(3, 'UTC')), kind != 'purchase') AS refunded_at,
        sumIf(copies - 1, kind = 'purchase') AS repeats
    FROM
    (
        SELECT
            lane,
            order_id,
            kind,
            min(occurred_at) AS first_at,
            max(occurred_at) AS last_at,
            argMin(message_id, (occurred_at, message_id)) AS first_id,
            argMin(o.person_id, (occurred_at, message_id)) AS person_id,
            argMin(o.source, (occurred_at, message_id)) AS source,
            argMin(o.device_type, (occurred_at, message_id)) AS device_type,
            argMin(o.country, (occurred_at, message_id)) AS country,
            argMin(o.cart_id, (occurred_at, message_id)) AS cart_id,
            argMin(o.group_buy_id, (occurred_at, message_id)) AS group_buy_id,
            argMin(o.coupon, (occurred_at, message_id)) AS coupon,
            argMin(o.payment_method, (occurred_at, message_id)) AS payment_method,
            argMin(o.late, (occurred_at, message_id)) AS late,
            any(o.items) AS items,
            any(o.currency) AS currency,
            any(ifNull(o.value, 0)) AS currency_value,
            any(o.value IS NULL) AS is_whole,
            count() AS copies
        FROM orders AS o FINAL
        GROUP BY lane, order_id, kind, if(kind = 'purchase', cityHash64(o.value, o.currency, o.items), cityHash64(o.message_id))
    ) AS part
    GROUP BY lane, order_id
) AS o
LEFT JOIN (SELECT lane, id, person_id FROM identities_now) AS i ON i.lane = o.lane AND i.id = o.person_then
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
