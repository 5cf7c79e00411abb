-- What telling brings: recovery among those who were told, against those who were held out by chance.
-- Grain: one row a rule, reminder and step of the cart, and one with the cart step all for all of them
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - rule: rule that came true
-- - step: which reminder of the rule
-- - cart_step: cart, checkout, payment, or all
-- - told: persons who were told
-- - told_recovered: of them, those who recovered the cart
-- - told_rate: told_recovered / told
-- - held_out: persons who were held out
-- - held_out_recovered: of them, those who recovered the cart all the same
-- - held_out_rate: held_out_recovered / held_out
-- - uplift: told_rate - held_out_rate
-- - uplift_low: lower end of its 95 % confidence interval
-- - uplift_high: upper end; telling works where both are above 0
-- - relative_uplift: uplift / held_out_rate
-- - extra_orders: uplift x told: orders that telling brought
-- - told_revenue: revenue of the carts of told_recovered, by currency
-- - held_out_revenue: revenue of the carts of held_out_recovered, by currency
-- Example: SELECT rule, cart_step, uplift, uplift_low, uplift_high FROM holdout_uplift(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31')
-- Caveats: a person counts once a rule and reminder, with the first trigger of the period: carts of one person are not independent. Interval: Newcombe's hybrid score method without continuity correction (Statistics in Medicine 17, 1998, 873-890, method 10), from two Wilson intervals. Triggers that were not sent for another reason are in neither group. Several looks at a growing period find an effect too often.
CREATE OR REPLACE VIEW holdout_uplift AS
WITH 1.959963984540054 AS z
SELECT
    {lane:String} AS lane,
    rule,
    step,
    cart_step,
    told,
    told_recovered,
    told_recovered / nullIf(told, 0) AS told_rate,
    held_out,
    held_out_recovered,
    held_out_recovered / nullIf(held_out, 0) AS held_out_rate,
    told_rate - held_out_rate AS uplift,
    uplift - sqrt(pow(told_rate - told_wilson.1, 2) + pow(held_out_wilson.2 - held_out_rate, 2)) AS uplift_low,
    uplift + sqrt(pow(told_wilson.2 - told_rate, 2) + pow(held_out_rate - held_out_wilson.1, 2)) AS uplift_high,
    uplift / nullIf(held_out_rate, 0) AS relative_uplift,
    uplift * told AS extra_orders,
    told_revenue,
    held_out_revenue
FROM
(
    SELECT
        rule,
        step,
        arrayJoin(['all', first.2]) AS cart_step,
        countIf(first.1) AS told,
        countIf(first.1 AND first.3) AS told_recovered,
        countIf(NOT first.1) AS held_out,
        countIf(NOT first.1 AND first.3) AS held_out_recovered,
        ((2 * told_recovered + z * z) - z * sqrt(z * z + 4 * told_recovered * (1 - told_recovered / told))) / (2 * (told + z * z)) AS told_low,
        ((2 * told_recovered + z * z) + z * sqrt(z * z + 4 * told_recovered * (1 - told_recovered / told))) / (2 * (told + z * z)) AS told_high,
        ((2 * held_out_recovered + z * z) - z * sqrt(z * z + 4 * held_out_recovered * (1 - held_out_recovered / held_out))) / (2 * (held_out + z * z)) AS held_out_low,
        ((2 * held_out_recovered + z * z) + z * sqrt(z * z + 4 * held_out_recovered * (1 - held_out_recovered / held_out))) / (2 * (held_out + z * z)) AS held_out_high,
        (told_low, told_high) AS told_wilson,
        (held_out_low, held_out_high) AS held_out_wilson,
        sumMapIf(map(first.4, first.5), first.1 AND first.3) AS told_revenue,
        sumMapIf(map(first.4, first.5), NOT first.1 AND first.3) AS held_out_revenue
    FROM
    (
        SELECT rule, step, person_id, argMin((is_told, cart_step, recovered, currency, revenue), (fired_at, trigger_id)) AS first
        FROM triggered_carts(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
        WHERE is_told OR is_held_out
        GROUP BY rule, step, person_id
    )
    GROUP BY rule, step, cart_step
);
