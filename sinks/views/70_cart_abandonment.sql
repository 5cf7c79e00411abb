-- How many carts fall idle, by the step of the checkout that they had reached.
-- Grain: one row a step and currency, and one with the step all for all of them
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - step: cart, checkout, payment, or all
-- - currency: ISO 4217 code of all amounts of the row
-- - reached: carts opened in the period that came to this step, now or later
-- - abandoned: of them, those that first fell idle at this step
-- - abandonment_rate: abandoned / reached
-- - abandoned_value: their value when they fell idle
-- - ordered_later: of `abandoned`, those that were ordered after all
-- - recovered: of `ordered_later`, those within the attribution window
-- - recovery_rate: recovered / abandoned
-- - recovered_revenue: revenue of the orders of `recovered`
-- - lost: of `abandoned`, those that expired or were emptied
-- Example: SELECT step, reached, abandonment_rate FROM cart_abandonment(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') WHERE currency = 'EUR'
-- Caveats: a cart of the last hours has not had the time to fall idle, and one of the last days not the time to be recovered. A cart that fell idle early and came further counts as reached there, and abandoned where it first fell idle.
CREATE OR REPLACE VIEW cart_abandonment AS
SELECT
    {lane:String} AS lane,
    at_step AS step,
    currency,
    count() AS reached,
    countIf(is_here) AS abandoned,
    abandoned / reached AS abandonment_rate,
    sumIf(c.abandoned_value, is_here) AS abandoned_value,
    countIf(is_here AND status = 'ordered') AS ordered_later,
    countIf(is_here AND c.recovered) AS recovered,
    recovered / nullIf(abandoned, 0) AS recovery_rate,
    sumIf(ifNull(revenue, 0), is_here AND c.recovered) AS recovered_revenue,
    countIf(is_here AND status IN ('expired', 'emptied')) AS lost
FROM
(
    SELECT
        currency,
        status,
        revenue,
        carts_now.recovered AS recovered,
        carts_now.abandoned_value AS abandoned_value,
        arrayJoin(arrayConcat(['all'], arraySlice(['cart', 'checkout', 'payment'], 1, indexOf(['cart', 'checkout', 'payment'], carts_now.step)))) AS at_step,
        abandoned_at IS NOT NULL AND at_step IN ('all', abandoned_step) AS is_here
    FROM carts_now
    WHERE lane = {lane:String} AND status != 'merged' AND toDate(opened_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
) AS c
GROUP BY at_step, currency;
