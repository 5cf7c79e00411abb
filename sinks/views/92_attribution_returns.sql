-- What advertising brought for what it cost: cost from `spend`, orders and revenue by one model of attribution.
-- Grain: one row a period, channel (and campaign) and currency that has cost or credited orders
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders and cost
-- - to_day Date: last day of orders and cost
-- - window_days UInt16: how long before the order a visit may have begun
-- - half_life_days Float64: time decay: a visit this much older has half the weight
-- - breakdown String: channel or campaign
-- - period String: day, week, month, quarter or year; empty for one row over all days
-- - model String: first, last, last_non_direct, linear, time_decay or position
-- Columns:
-- - period_start: first day of the period, also of one that begins before from_day
-- - channel: channel
-- - campaign_source: utm_source; empty by channel
-- - campaign_medium: utm_medium; empty by channel
-- - campaign_name: utm_campaign; empty by channel
-- - currency: ISO 4217 code of the amounts
-- - cost: what was paid, in currency
-- - clicks: clicks that the network counted
-- - impressions: times that the network showed it
-- - orders: orders credited, in parts
-- - new_customers: of these the first orders of their persons
-- - net_revenue: revenue credited less refunds, in currency
-- - roi: return on investment: (net_revenue - cost) / cost
-- - roas: return on ad spend: net_revenue / cost
-- - cac: cost of a new customer, in currency
-- - cost_per_order: cost of a credited order, in currency
-- - cost_per_click: cost / clicks, in currency
-- Example: SELECT channel, currency, cost, roi, cac FROM attribution_returns(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31',
--   window_days = 30, half_life_days = 7, breakdown = 'channel', period = '', model = 'linear') WHERE cost > 0
-- Caveats: the return is revenue, not margin. Cost in one currency is never set against revenue in another: a shop that sells in several should import its cost in the same shares. Cost of a day is set against orders of that day, though what it brings may come later. Campaigns are matched by all three names.
CREATE OR REPLACE VIEW attribution_returns AS
SELECT
    period_start,
    channel,
    campaign_source,
    campaign_medium,
    campaign_name,
    currency,
    sum(part.cost) AS cost,
    sum(part.clicks) AS clicks,
    sum(part.impressions) AS impressions,
    sum(part.orders) AS orders,
    sum(part.new_customers) AS new_customers,
    sum(part.net_revenue) AS net_revenue,
    (net_revenue - toFloat64(cost)) / nullIf(toFloat64(cost), 0) AS roi,
    net_revenue / nullIf(toFloat64(cost), 0) AS roas,
    toFloat64(cost) / nullIf(new_customers, 0) AS cac,
    toFloat64(cost) / nullIf(orders, 0) AS cost_per_order,
    toFloat64(cost) / nullIf(clicks, 0) AS cost_per_click
FROM
(
    SELECT
        period_start, channel, campaign_source, campaign_medium, campaign_name, currency::String AS currency,
        toDecimal64(0, 4) AS cost, toUInt64(0) AS clicks, toUInt64(0) AS impressions, orders, new_customers, net_revenue
    FROM attribution(
        lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, window_days = {window_days:UInt16}, half_life_days = {half_life_days:Float64},
        breakdown = {breakdown:String}, period = {period:String})
    WHERE model = {model:String}
    UNION ALL
    SELECT
        if({period:String} = '', {from_day:Date}, toDate(dateTrunc(if({period:String} = '', 'day', {period:String}), day))),
        channel::String,
        if({breakdown:String} = 'campaign', campaign_source::String, ''),
        if({breakdown:String} = 'campaign', campaign_medium::String, ''),
        if({breakdown:String} = 'campaign', campaign_name::String, ''),
        currency::String,
        cost, clicks, impressions, 0., 0., 0.
    FROM spend FINAL
    WHERE lane = {lane:String} AND day BETWEEN {from_day:Date} AND {to_day:Date}
) AS part
GROUP BY period_start, channel, campaign_source, campaign_medium, campaign_name, currency;
