-- Orders and revenue credited to channels or campaigns, by six models side by side: first, last, last_non_direct, linear, time_decay, position.
-- Grain: one row a model, period, channel (and campaign) and currency
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders
-- - window_days UInt16: how long before the order a visit may have begun
-- - half_life_days Float64: time decay: a visit this much older has half the weight
-- - breakdown String: channel or campaign
-- - period String: day, week, month, quarter or year; empty for one row over all days
-- Columns:
-- - model: model of attribution
-- - period_start: first day of the period, also of one that begins before from_day
-- - channel: channel that is credited; unknown where no visit led to the order
-- - campaign_source: utm_source; empty by channel
-- - campaign_medium: utm_medium; empty by channel
-- - campaign_name: utm_campaign; empty by channel
-- - currency: ISO 4217 code of the amounts
-- - orders: orders credited, in parts
-- - new_customers: of these the first orders of their persons
-- - revenue: revenue credited, in currency
-- - net_revenue: the same less refunds
-- - touches: visits that had any credit
-- Example: SELECT channel, currency, orders, revenue FROM attribution(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31',
--   window_days = 30, half_life_days = 7, breakdown = 'channel', period = '') WHERE model = 'position' ORDER BY revenue DESC
-- Caveats: for each model the orders sum to all orders of the period, and the revenue to theirs (to within rounding, as parts of an amount are no decimals).
CREATE OR REPLACE VIEW attribution AS
SELECT
    model,
    if({period:String} = '', {from_day:Date}, toDate(dateTrunc(if({period:String} = '', 'day', {period:String}), toDate(ordered_at, $timezone)))) AS period_start,
    channel,
    if({breakdown:String} = 'campaign', t.campaign_source, '') AS campaign_source,
    if({breakdown:String} = 'campaign', t.campaign_medium, '') AS campaign_medium,
    if({breakdown:String} = 'campaign', t.campaign_name, '') AS campaign_name,
    currency,
    sum(credit) AS orders,
    sumIf(credit, is_new) AS new_customers,
    sum(credit * toFloat64(value)) AS revenue,
    sum(credit * toFloat64(net_value)) AS net_revenue,
    count() AS touches
FROM
(
    SELECT
        *,
        -- The function, as two nested clauses ARRAY JOIN mix up their columns (ClickHouse 26.9, code 352).
        arrayJoin([('first', credit_first), ('last', credit_last), ('last_non_direct', credit_last_non_direct), ('linear', credit_linear), ('time_decay', credit_time_decay), ('position', credit_position)]) AS each,
        each.1 AS model,
        each.2 AS credit
    FROM attribution_touches(
        lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, window_days = {window_days:UInt16}, half_life_days = {half_life_days:Float64})
    WHERE credit > 0
) AS t
GROUP BY model, period_start, channel, campaign_source, campaign_medium, campaign_name, currency;
