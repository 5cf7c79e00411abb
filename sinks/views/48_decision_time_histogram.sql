-- How many orders took how long from the first look, in steps that double: under a minute, 1 - 2 min, 2 - 4 min and so on.
-- Grain: one row a step that has orders, for `order` and for `person`
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders
-- - lookback_s UInt64: a look longer before the order does not count, seconds
-- Columns:
-- - of: order (every order of the period) or person (those whose first order it was)
-- - from_s: the step's beginning, seconds, included
-- - to_s: its end, seconds, not included
-- - orders: orders that took so long
-- Example: SELECT * FROM decision_time_histogram(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', lookback_s = 2592000) ORDER BY of, from_s
-- Caveats: those of `order_paths`; orders before which nothing was looked at are left out.
CREATE OR REPLACE VIEW decision_time_histogram AS
SELECT
    arrayJoin(if(order_number = 1, ['order', 'person'], ['order'])) AS of,
    if(decision_s < 60, 0, toUInt64(60 * exp2(floor(log2(decision_s / 60))))) AS from_s,
    if(decision_s < 60, 60, 2 * from_s) AS to_s,
    count() AS orders
FROM
(
    SELECT order_number, assumeNotNull(o.decision_s) AS decision_s
    FROM order_paths(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, lookback_s = {lookback_s:UInt64}, events = ['page_view', 'screen_view', 'view_item']) AS o
    WHERE o.decision_s IS NOT NULL
)
GROUP BY of, from_s, to_s;
