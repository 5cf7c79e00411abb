-- Churn tier by value: how many persons of which worth are falling silent.
-- Grain: one row a churn tier, value tier and currency
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders; silence is counted to its end
-- Columns:
-- - churn_tier: see `churn_tiers`
-- - value_tier: high, mid or low, see `customers`; none for persons without an order in the period
-- - currency: ISO 4217 code of revenue; empty without orders
-- - persons: how many
-- - revenue: what they spent in the period, refunds taken off
-- Example: SELECT * FROM churn_by_value(lane = 'live', from_day = '2025-02-01', to_day = '2026-01-31') ORDER BY churn_tier, value_tier
-- Caveats: who ordered in two currencies is counted for each of them.
CREATE OR REPLACE VIEW churn_by_value AS
SELECT
    c.churn_tier AS churn_tier,
    if(o.value_tier = '', 'none', o.value_tier) AS value_tier,
    o.currency AS currency,
    count() AS persons,
    sum(o.revenue) AS revenue
FROM churn_tiers(lane = {lane:String}, to_day = {to_day:Date}) AS c
LEFT JOIN
(
    SELECT person_id, toString(currency) AS currency, value_tier, revenue
    FROM customers(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
) AS o ON o.person_id = c.person_id
GROUP BY churn_tier, value_tier, currency
SETTINGS join_use_nulls = 0;
