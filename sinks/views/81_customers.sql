-- Customers by what they bought in a period and how they stood at its end: RFM scores, named segment, churn, value and loyalty tier.
-- Grain: one row a person and currency with an order in the period
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders; everything is as it stood at its end
-- Columns:
-- - person_id: the person now
-- - currency: ISO 4217 code of revenue
-- - first_ordered_at: first order of the period
-- - last_ordered_at: last order of the period
-- - recency_days: days from the last order to the last day
-- - orders: how many orders
-- - revenue: what they came to, refunds taken off
-- - recency_score: 1 - 5; 5 for the fifth who ordered last
-- - frequency_score: 1 - 5; 5 for the fifth with most orders
-- - monetary_score: 1 - 5; 5 for the fifth with most revenue
-- - segment: lost (no order for `customer_lost_s`), else loyal (`customer_loyal_orders` or more), else new (first order within `customer_new_s`), else potential
-- - value_tier: high, mid or low: thirds by revenue
-- - loyalty_tier: tier of the setting `loyalty_tiers` by orders within `loyalty_window_s`; normal below the first
-- - churn_tier: see `churn_tiers`; empty when everything the person did came too late
-- Example: SELECT segment, count(), sum(revenue) FROM customers(lane = 'live', from_day = '2025-02-01', to_day = '2026-01-31') WHERE currency = 'EUR' GROUP BY segment
-- Caveats: equals have the same score, the lowest that any of them would have, so when most have one order their frequency score is 1; scores and thirds are among the customers of the same currency; cancelled orders are left out; begin the period early enough, or old customers look new.
CREATE OR REPLACE VIEW customers AS
SELECT
    o.person_id AS person_id,
    o.currency AS currency,
    o.first_ordered_at AS first_ordered_at,
    o.last_ordered_at AS last_ordered_at,
    o.recency_days AS recency_days,
    o.orders AS orders,
    o.revenue AS revenue,
    toUInt8(1 + intDiv(5 * (rank() OVER (PARTITION BY o.currency ORDER BY o.recency_days DESC) - 1), count() OVER (PARTITION BY o.currency))) AS recency_score,
    toUInt8(1 + intDiv(5 * (rank() OVER (PARTITION BY o.currency ORDER BY o.orders) - 1), count() OVER (PARTITION BY o.currency))) AS frequency_score,
    toUInt8(1 + intDiv(5 * (rank() OVER (PARTITION BY o.currency ORDER BY o.revenue) - 1), count() OVER (PARTITION BY o.currency))) AS monetary_score,
    multiIf(
        o.recency_days * 86400 > $customer_lost_s, 'lost',
        o.orders >= $customer_loyal_orders, 'loyal',
        o.age_days * 86400 <= $customer_new_s, 'new',
        'potential') AS segment,
    ['low', 'mid', 'high'][1 + intDiv(3 * (rank() OVER (PARTITION BY o.currency ORDER BY o.revenue) - 1), count() OVER (PARTITION BY o.currency))] AS value_tier,
    arrayElement(arrayFilter(tier -> tier.2 <= o.recent_orders, [('normal', 0), $loyalty_tiers]), -1).1 AS loyalty_tier,
    c.churn_tier AS churn_tier
FROM
(
    SELECT
        person_id,
        currency,
        min(assumeNotNull(ordered_at)) AS first_ordered_at,
        max(assumeNotNull(ordered_at)) AS last_ordered_at,
        {to_day:Date} - toDate(last_ordered_at, $timezone) AS recency_days,
        {to_day:Date} - toDate(first_ordered_at, $timezone) AS age_days,
        count() AS orders,
        countIf(({to_day:Date} - toDate(assumeNotNull(ordered_at), $timezone)) * 86400 < $loyalty_window_s) AS recent_orders,
        sum(net_value) AS revenue
    FROM orders_now
    WHERE lane = {lane:String} AND ordered_at IS NOT NULL AND NOT cancelled
        AND toDate(assumeNotNull(ordered_at), $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY person_id, currency
) AS o
LEFT JOIN
(
    SELECT person_id, churn_tier FROM churn_tiers(lane = {lane:String}, to_day = {to_day:Date})
) AS c ON c.person_id = o.person_id
SETTINGS join_use_nulls = 0;
