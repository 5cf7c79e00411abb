-- What the models of customer lifetime value are fitted to: how often each customer came back, when last, and what a return brought.
-- Grain: one row a person and currency with an order in the period
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders, to which age is counted
-- Columns:
-- - person_id: the person now
-- - currency: ISO 4217 code of mean_value
-- - frequency: days with an order after the first such day
-- - recency_days: days from the first such day to the last
-- - age_days: days from the first such day to the last day
-- - mean_value: mean revenue of those later days, refunds taken off; 0 when there are none
-- Example: SELECT frequency, count() FROM repeat_purchases(lane = 'live', from_day = '2025-02-01', to_day = '2026-01-31') GROUP BY frequency
-- Caveats: several orders of a day are one purchase; orders that were cancelled or wholly paid back are none.
CREATE OR REPLACE VIEW repeat_purchases AS
SELECT
    person_id,
    currency,
    toUInt32(count() - 1) AS frequency,
    toUInt32(max(day) - min(day)) AS recency_days,
    toUInt32({to_day:Date} - min(day)) AS age_days,
    if(frequency = 0, 0, (sum(toFloat64(revenue)) - toFloat64(argMin(revenue, day))) / frequency) AS mean_value
FROM
(
    SELECT person_id, currency, toDate(assumeNotNull(ordered_at), $timezone) AS day, sum(net_value) AS revenue
    FROM orders_now
    WHERE lane = {lane:String} AND ordered_at IS NOT NULL AND NOT cancelled AND (net_value > 0 OR refunded = 0)
        AND toDate(assumeNotNull(ordered_at), $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY person_id, currency, day
)
GROUP BY person_id, currency;
