-- What was won back after a trigger, and how soon, by rule.
-- Grain: one row a rule, reminder and currency
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - rule: rule that came true
-- - step: which reminder of the rule
-- - currency: ISO 4217 code of all amounts of the row
-- - told: triggers that were to be sent
-- - recovered: of their carts, those ordered within the attribution window
-- - recovery_rate: recovered / told
-- - value: worth of all those carts when they fell idle
-- - recovered_revenue: revenue of the orders of the recovered ones
-- - after_quarter_ms: milliseconds from the trigger to the order, within which a quarter of the recovered came; NULL if none did
-- - after_median_ms: the same, half of them
-- - after_three_quarters_ms: the same, three quarters of them
-- Example: SELECT rule, recovered, recovered_revenue, after_median_ms / 3600000 AS hours FROM cart_recovery(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31')
-- Caveats: the day is the trigger's, so those of the last days may still be recovered. Some of them would have ordered anyway: `holdout_uplift` says how many. Quartiles between two values are interpolated, as a spreadsheet does.
CREATE OR REPLACE VIEW cart_recovery AS
SELECT
    {lane:String} AS lane,
    rule,
    step,
    currency,
    count() AS told,
    countIf(t.recovered) AS recovered,
    recovered / told AS recovery_rate,
    sum(t.value) AS value,
    sum(t.revenue) AS recovered_revenue,
    quantileExactInclusiveOrNull(0.25)(recovered_after_ms) AS after_quarter_ms,
    quantileExactInclusiveOrNull(0.5)(recovered_after_ms) AS after_median_ms,
    quantileExactInclusiveOrNull(0.75)(recovered_after_ms) AS after_three_quarters_ms
FROM triggered_carts(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}) AS t
WHERE is_told
GROUP BY rule, step, currency;
