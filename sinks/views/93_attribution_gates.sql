-- What the marketing plan says of each paid channel, period by period: enter one whose return is 15 % above the mean, expand it at 30 %, leave it after three periods under half of the target.
-- Grain: one row a period, channel and currency with cost
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders and cost
-- - to_day Date: last day of orders and cost
-- - window_days UInt16: how long before the order a visit may have begun
-- - half_life_days Float64: time decay: a visit this much older has half the weight
-- - period String: day, week, month, quarter or year
-- - model String: first, last, last_non_direct, linear, time_decay or position
-- - target_roi Float64: return that the plan aims at, such as 1.5 for 1.50 beyond each 1.00 paid
-- Columns:
-- - period_start: first day of the period, also of one that begins before from_day
-- - channel: channel
-- - currency: ISO 4217 code of the amounts
-- - cost: what was paid, in currency
-- - net_revenue: revenue credited less refunds, in currency
-- - roi: (net_revenue - cost) / cost
-- - mean_roi: the same of all paid channels of the period and currency together
-- - enter_at: mean_roi and 15 % of its size
-- - expand_at: mean_roi and 30 % of its size
-- - leave_under: half of the target
-- - periods_under: how many of the channel's paid periods in a row, up to this one, were under it
-- - decision: leave (three or more periods under), else expand, enter or hold
-- Example: SELECT period_start, channel, roi, decision FROM attribution_gates(lane = 'live', from_day = '2026-01-01', to_day = '2026-03-31',
--   window_days = 30, half_life_days = 7, period = 'month', model = 'linear', target_roi = 1.5) ORDER BY channel, period_start
-- Caveats: the last period is judged on what it has so far. A period without cost is no period of the channel and breaks no row of bad ones.
CREATE OR REPLACE VIEW attribution_gates AS
SELECT
    period_start,
    channel,
    currency,
    cost,
    net_revenue,
    roi,
    mean_roi,
    mean_roi + 0.15 * abs(mean_roi) AS enter_at,
    mean_roi + 0.3 * abs(mean_roi) AS expand_at,
    leave_under,
    sum(roi < leave_under) OVER (PARTITION BY channel, currency, turns ORDER BY period_start) AS periods_under,
    multiIf(periods_under >= 3, 'leave', roi >= expand_at, 'expand', roi >= enter_at, 'enter', 'hold') AS decision
FROM
(
    SELECT
        period_start,
        channel,
        currency,
        cost,
        net_revenue,
        assumeNotNull(r.roi) AS roi,
        0.5 * {target_roi:Float64} AS leave_under,
        sum(net_revenue) OVER (PARTITION BY period_start, currency) / sum(toFloat64(cost)) OVER (PARTITION BY period_start, currency) - 1 AS mean_roi,
        sum(assumeNotNull(r.roi) >= 0.5 * {target_roi:Float64}) OVER (PARTITION BY channel, currency ORDER BY period_start) AS turns
    FROM attribution_returns(
        lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, window_days = {window_days:UInt16}, half_life_days = {half_life_days:Float64},
        breakdown = 'channel', period = {period:String}, model = {model:String}) AS r
    WHERE cost > 0
);
