-- What was bought and given back, by product, category or brand.
-- Grain: one row a period, value of the dimension and currency
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - grain Enum8('total', 'day', 'week', 'month'): length of a period; weeks begin on Monday
-- - dimension Enum8('product', 'category', 'brand'): what the rows are told apart by
-- Columns:
-- - lane: run of the stream
-- - period: first day of the period (of total: `from_day`)
-- - value: product id, category or brand
-- - name: name of a product, as last sold; empty for the others
-- - currency: ISO 4217 code of all amounts of the row
-- - orders: orders with such an item
-- - buyers: persons who bought one
-- - units: units bought
-- - revenue: sum of price x quantity of what was bought
-- - refunded_units: units given back in the period
-- - refunded: sum of price x quantity of what was given back
-- - net_revenue: revenue - refunded
-- Example: SELECT * FROM sales_by_item(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', grain = 'total', dimension = 'brand')
--   ORDER BY net_revenue DESC LIMIT 10
-- Caveats: amounts are the items' prices: without shipping, and before a discount on the whole order, so that they need not add up to `sales`. A refund of a part that names no items is missing here. An item without a price counts units only.
CREATE OR REPLACE VIEW sales_by_item AS
WITH
    {grain:Enum8('total', 'day', 'week', 'month')} AS grain,
    {dimension:Enum8('product', 'category', 'brand')} AS dimension
SELECT
    {lane:String} AS lane,
    multiIf(grain = 'day', day, grain = 'week', toMonday(day), grain = 'month', toStartOfMonth(day), {from_day:Date}) AS period,
    multiIf(dimension = 'product', item.product_id, dimension = 'category', item.category, item.brand) AS value,
    if(dimension = 'product', argMaxIf(item.name, occurred_at, item.name != ''), '') AS name,
    currency,
    uniqExactIf(order_id, kind = 'purchase') AS orders,
    uniqExactIf(person_id, kind = 'purchase') AS buyers,
    sumIf(item.quantity, kind = 'purchase') AS units,
    sumIf(ifNull(item.price, 0) * item.quantity, kind = 'purchase') AS revenue,
    sumIf(item.quantity, kind != 'purchase') AS refunded_units,
    sumIf(ifNull(item.price, 0) * item.quantity, kind != 'purchase') AS refunded,
    revenue - refunded AS net_revenue
FROM
(
    SELECT day, occurred_at, order_id, kind, person_id, currency, arrayJoin(items) AS item
    FROM order_ledger(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
)
GROUP BY period, value, currency;
