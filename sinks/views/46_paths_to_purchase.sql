-- The most frequent ways to an order: the last events before it, in order, with how often they were gone.
-- Grain: one row a path
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders
-- - lookback_s UInt64: events longer before the order are left out, seconds
-- - events Array(String): names of the events that make the path; [] for all but those that only say who someone is
-- - max_steps UInt64: how many of the last steps a path has at most
-- Columns:
-- - path: names of events, the last one before the order at the end; of the same one several times in a row only the first
-- - orders: orders that came this way
-- - persons: persons who placed them
-- - share: orders / all orders of the period, 0 - 1
-- - mean_page_views: pages and screens seen before the order, on average
-- - median_decision_s: median time from the first look to the order, seconds; NULL where nothing was looked at
-- Example: SELECT * FROM paths_to_purchase(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', lookback_s = 2592000, events = ['page_view', 'view_item', 'add_to_cart', 'begin_checkout'], max_steps = 6) ORDER BY orders DESC, path LIMIT 20
-- Caveats: those of `order_paths`.
CREATE OR REPLACE VIEW paths_to_purchase AS
SELECT
    arraySlice(path, -1 * toInt64(least(length(path), {max_steps:UInt64}))) AS path,
    count() AS orders,
    uniqExact(person_id) AS persons,
    orders / sum(orders) OVER () AS share,
    avg(page_views) AS mean_page_views,
    quantileExactInclusive(0.5)(decision_s) AS median_decision_s
FROM order_paths(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, lookback_s = {lookback_s:UInt64}, events = {events:Array(String)}) AS o
GROUP BY path;
