-- How long it takes from the first look to the order: of every order since the order before, and of persons to their first order.
-- Grain: one row for `order` and one for `person`
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders
-- - lookback_s UInt64: a look longer before the order does not count, seconds
-- Columns:
-- - of: order (every order of the period) or person (those whose first order it was)
-- - orders: how many there were
-- - with_a_view: orders before which something was looked at; the other columns are of these
-- - mean_s: mean time, seconds
-- - quartile_1_s: a quarter took at most so long, seconds
-- - median_s: half of them
-- - quartile_3_s: three quarters
-- - mean_page_views: pages and screens seen before the order, on average of all orders
-- Example: SELECT * FROM decision_time(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', lookback_s = 2592000)
-- Caveats: those of `order_paths`; the shape of the distribution is in `decision_time_histogram`.
CREATE OR REPLACE VIEW decision_time AS
SELECT
    arrayJoin(if(order_number = 1, ['order', 'person'], ['order'])) AS of,
    count() AS orders,
    count(decision_s) AS with_a_view,
    avg(decision_s) AS mean_s,
    quantileExactInclusive(0.25)(decision_s) AS quartile_1_s,
    quantileExactInclusive(0.5)(decision_s) AS median_s,
    quantileExactInclusive(0.75)(decision_s) AS quartile_3_s,
    avg(page_views) AS mean_page_views
FROM order_paths(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, lookback_s = {lookback_s:UInt64}, events = ['page_view', 'screen_view', 'view_item'])
GROUP BY of;
