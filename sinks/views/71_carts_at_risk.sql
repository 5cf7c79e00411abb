-- Carts that are open and idle now, and what they are worth: what a reminder may still win back.
-- Grain: one row a step reached, age and currency
-- Parameters:
-- - lane String: run of the stream
-- Columns:
-- - lane: run of the stream
-- - step: furthest step reached: cart, checkout or payment
-- - age: how long it has been idle: under a day, 1 to 3 days, 3 to 7 days, over a week
-- - currency: ISO 4217 code of all amounts of the row
-- - carts: open carts that have been idle for longer than the setting `abandon_idle_s`
-- - value: sum of what is in them
-- - known: of them, carts of persons with a user id
-- - told: of them, carts that a trigger was sent for
-- - last_changed_at: the latest change of any of them
-- Example: SELECT step, sum(carts), sum(value) FROM carts_at_risk(lane = 'live') WHERE currency = 'EUR' GROUP BY step
-- Caveats: now is the clock of the lane, its slowest partition's. The idle time is that of the views' last migration.
CREATE OR REPLACE VIEW carts_at_risk AS
WITH (SELECT min(now_at) FROM clocks_now WHERE lane = {lane:String}) AS now_at
SELECT
    {lane:String} AS lane,
    step,
    multiIf(idle_ms < 86400000, 'under a day', idle_ms < 259200000, '1 to 3 days', idle_ms < 604800000, '3 to 7 days', 'over a week') AS age,
    currency,
    count() AS carts,
    sum(c.value) AS value,
    countIf(startsWith(person_id, 'u:')) AS known,
    countIf(episode_id IN (SELECT episode_id FROM triggers_now WHERE lane = {lane:String} AND status = 'fired' AND decision = 'send')) AS told,
    max(changed_at) AS last_changed_at
FROM
(
    SELECT episode_id, person_id, step, currency, value, changed_at, toUnixTimestamp64Milli(now_at) - toUnixTimestamp64Milli(changed_at) AS idle_ms
    FROM carts_now
    WHERE lane = {lane:String} AND status = 'open' AND abandoned_at IS NOT NULL AND idle_ms >= $abandon_idle_ms
) AS c
GROUP BY step, age, currency;
