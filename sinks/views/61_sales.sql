-- Orders, revenue and what was paid back, by period and by what kind of order it was.
-- Grain: one row a period, value of the dimension and currency
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - grain Enum8('total', 'day', 'week', 'month'): length of a period; weeks begin on Monday
-- - dimension Enum8('none', 'source', 'device_type', 'country', 'coupon', 'payment_method'): what the rows are told apart by
-- Columns:
-- - lane: run of the stream
-- - period: first day of the period (of total: `from_day`)
-- - value: value of the dimension; empty for none
-- - currency: ISO 4217 code of all amounts of the row
-- - orders: orders placed
-- - buyers: persons who placed them
-- - units: units bought
-- - revenue: of orders placed, before anything was paid back
-- - refunded: paid back in the period, whenever the order was placed
-- - net_revenue: revenue - refunded
-- - refunds: refunds and cancellations that came
-- - aov: average order value, revenue / orders
-- - online_orders: orders with another source than store
-- - online_revenue: their revenue
-- - offline_orders: orders with the source store
-- - offline_revenue: their revenue
-- Example: SELECT * FROM sales(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', grain = 'week', dimension = 'none') ORDER BY period
-- Caveats: a refund counts on the day it came, so a period can be negative, and nothing in the past changes; for what became of the orders of a period ask `orders_now`. A period that from_day or to_day cuts holds those days only. Orders are counted that were cancelled later.
CREATE OR REPLACE VIEW sales AS
WITH
    {grain:Enum8('total', 'day', 'week', 'month')} AS grain,
    {dimension:Enum8('none', 'source', 'device_type', 'country', 'coupon', 'payment_method')} AS dimension
SELECT
    {lane:String} AS lane,
    multiIf(grain = 'day', day, grain = 'week', toMonday(day), grain = 'month', toStartOfMonth(day), {from_day:Date}) AS period,
    multiIf(dimension = 'source', source, dimension = 'device_type', device_type, dimension = 'country', country, dimension = 'coupon', coupon, dimension = 'payment_method', payment_method, '') AS value,
    currency,
    countIf(is_order) AS orders,
    uniqExactIf(person_id, is_order) AS buyers,
    sumIf(ledger.units, kind = 'purchase') AS units,
    sum(ledger.revenue) AS revenue,
    sum(ledger.refunded) AS refunded,
    revenue - refunded AS net_revenue,
    countIf(kind != 'purchase') AS refunds,
    revenue / nullIf(orders, 0) AS aov,
    countIf(is_order AND source != 'store') AS online_orders,
    sumIf(ledger.revenue, source != 'store') AS online_revenue,
    countIf(is_order AND source = 'store') AS offline_orders,
    sumIf(ledger.revenue, source = 'store') AS offline_revenue
FROM order_ledger(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS ledger
GROUP BY period, value, currency;
