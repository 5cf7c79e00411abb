-- How many of those who were there ordered: orders over visits, buyers over visitors.
-- Grain: one row a period and value of the dimension
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - grain Enum8('total', 'day', 'week', 'month'): length of a period; weeks begin on Monday
-- - dimension Enum8('none', 'source', 'device_type'): what the rows are told apart by
-- Columns:
-- - lane: run of the stream
-- - period: first day of the period (of total: `from_day`)
-- - value: value of the dimension; empty for none
-- - visitors: persons who did something, see `visitor_days`
-- - sessions: visits that began in the period; NULL by source, which a visit does not have
-- - orders: orders placed
-- - buyers: persons who placed them
-- - order_conversion: orders / sessions
-- - buyer_conversion: buyers / visitors
-- Example: SELECT * FROM conversion(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', grain = 'day', dimension = 'none') ORDER BY period
-- Caveats: what the source store or the kind of device store marks is left out. Orders that a server alone tells of have no visit: they lift order_conversion. A buyer counts under the kind of device that ordered, a visitor under each that was used.
CREATE OR REPLACE VIEW conversion AS
WITH
    {grain:Enum8('total', 'day', 'week', 'month')} AS grain,
    {dimension:Enum8('none', 'source', 'device_type')} AS dimension
SELECT
    {lane:String} AS lane,
    multiIf(grain = 'day', day, grain = 'week', toMonday(day), grain = 'month', toStartOfMonth(day), {from_day:Date}) AS period,
    multiIf(dimension = 'source', source, dimension = 'device_type', device_type, '') AS value,
    uniqExactIf(person, kind = 'visitor') AS visitors,
    if(dimension = 'source', NULL, countIf(kind = 'session')) AS sessions,
    countIf(kind = 'order') AS orders,
    uniqExactIf(person, kind = 'order') AS buyers,
    orders / nullIf(sessions, 0) AS order_conversion,
    buyers / nullIf(visitors, 0) AS buyer_conversion
FROM
(
    SELECT 'visitor' AS kind, day, person, source, device_type
    FROM visitor_days(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
    UNION ALL
    SELECT 'order' AS kind, day, cityHash64(person_id) AS person, source, device_type
    FROM order_ledger(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
    WHERE is_order
    UNION ALL
    SELECT 'session' AS kind, toDate(started_at, $timezone) AS day, 0 AS person, '' AS source, device_type
    FROM sessions_now
    WHERE lane = {lane:String} AND device_type != 'bot' AND day BETWEEN {from_day:Date} AND {to_day:Date}
)
WHERE source != 'store' AND device_type != 'store'
GROUP BY period, value
HAVING dimension != 'source' OR value != '';
