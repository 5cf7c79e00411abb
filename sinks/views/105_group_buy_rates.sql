-- Group purchases by the time of their opening: how many came about, and how quickly.
-- Grain: one row a period in which one was opened
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of opening
-- - to_day Date: last day of opening
-- - size UInt16: persons that complete one whose opening names no group_size, as in group_buys
-- - window_hours UInt32: time from the opening within which they must come
-- - period String: day, week, month, quarter or year; empty for one row over all days
-- Columns:
-- - period_start: first day of the period, also of one that begins before from_day
-- - opened: group purchases opened
-- - joins: persons who joined one in time, counted at each
-- - joined: group purchases that somebody joined in time
-- - completed: those that came about
-- - joined_rate: joined / opened
-- - completed_rate: completed / opened
-- - completed_after_median_s: median seconds from the opening to the last person needed, of the completed ones
-- - orders: orders that name them
-- Example: SELECT * FROM group_buy_rates(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', size = 2, window_hours = 24,
--   period = 'week') ORDER BY period_start
-- Caveats: those opened less than the window ago may still come about.
CREATE OR REPLACE VIEW group_buy_rates AS
SELECT
    if({period:String} = '', {from_day:Date}, toDate(dateTrunc(if({period:String} = '', 'day', {period:String}), toDate(opened_at, $timezone)))) AS period_start,
    count() AS opened,
    sum(g.joined) AS joins,
    countIf(g.joined > 0) AS joined,
    countIf(g.completed) AS completed,
    joined / opened AS joined_rate,
    completed / opened AS completed_rate,
    if(completed = 0, NULL, quantileExactIf(assumeNotNull(g.completed_after_s), g.completed)) AS completed_after_median_s,
    sum(g.orders) AS orders
FROM group_buys(
    lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, size = {size:UInt16}, window_hours = {window_hours:UInt32}) AS g
GROUP BY period_start;
