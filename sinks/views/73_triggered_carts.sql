-- Each trigger with the cart that it was about, and whether that was ordered after all.
-- Grain: one row a trigger that stands, of a cart that was not merged into another
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - trigger_id: trigger
-- - rule: rule that came true
-- - step: which reminder of the rule
-- - person_id: for whom
-- - episode_id: cart episode
-- - fired_at: when the rule came true
-- - cart_step: step that the cart had reached: cart, checkout or payment
-- - is_told: it was to be sent, whether or not it could be delivered
-- - is_held_out: it was not sent because the person is in the holdout
-- - recovered: the cart was ordered within the attribution window
-- - recovered_after_ms: milliseconds from fired_at to that order; NULL if it was not recovered
-- - value: worth of the cart when it fell idle
-- - revenue: revenue of the order of a recovered cart; 0 if it was not
-- - currency: ISO 4217 code of all amounts of the row
-- Example: SELECT rule, countIf(recovered), count() FROM triggered_carts(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') GROUP BY rule
-- Caveats: recovered says that an order came, not that the trigger brought it: see `holdout_uplift`.
CREATE OR REPLACE VIEW triggered_carts AS
SELECT
    {lane:String} AS lane,
    t.trigger_id AS trigger_id,
    t.rule AS rule,
    t.step AS step,
    t.person_id AS person_id,
    t.episode_id AS episode_id,
    t.fired_at AS fired_at,
    t.cart_step AS cart_step,
    t.decision = 'send' AS is_told,
    t.reason = 'holdout' AS is_held_out,
    c.recovered AS recovered,
    if(c.recovered, toUnixTimestamp64Milli(assumeNotNull(c.closed_at)) - toUnixTimestamp64Milli(t.fired_at), NULL) AS recovered_after_ms,
    t.value AS value,
    if(c.recovered, ifNull(c.revenue, 0), 0) AS revenue,
    t.currency AS currency
FROM
(
    SELECT trigger_id, rule, step, person_id, episode_id, fired_at, cart_step, decision, reason, value, currency
    FROM triggers_now
    WHERE lane = {lane:String} AND status = 'fired' AND toDate(fired_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
) AS t
INNER JOIN
(
    SELECT episode_id, recovered, closed_at, revenue FROM carts_now WHERE lane = {lane:String} AND abandoned_at IS NOT NULL AND status != 'merged'
) AS c ON c.episode_id = t.episode_id;
