-- What became of the triggers of a period: sent or not and why, delivered or not.
-- Grain: one row a rule, reminder, decision, reason, outcome and currency
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - rule: rule that came true
-- - step: which reminder of the rule
-- - status: fired, or void when a late event showed that it should not have been
-- - decision: send or suppress
-- - reason: why it was not sent, or is void
-- - outcome: of the last attempt to deliver it: delivered, retry or dead; empty if there was none
-- - currency: ISO 4217 code of value
-- - triggers: how many
-- - persons: persons that they were for
-- - value: worth of their carts
-- - attempts: attempts to deliver them
-- Example: SELECT decision, reason, outcome, sum(triggers) FROM trigger_outcomes(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') GROUP BY ALL
-- Caveats: the day is that on which the rule came true. With no webhook address set nothing is attempted. The value of a void trigger is 0.
CREATE OR REPLACE VIEW trigger_outcomes AS
SELECT
    {lane:String} AS lane,
    rule,
    step,
    status,
    decision,
    reason,
    d.outcome AS outcome,
    currency,
    count() AS triggers,
    uniqExact(t.person_id) AS persons,
    sum(t.value) AS value,
    sum(d.attempts) AS attempts
FROM
(
    SELECT trigger_id, rule, step, status, decision, reason, currency, person_id, value
    FROM triggers_now
    WHERE lane = {lane:String} AND toDate(fired_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
) AS t
LEFT JOIN (SELECT trigger_id, outcome, attempts FROM deliveries_now WHERE lane = {lane:String}) AS d ON d.trigger_id = t.trigger_id
GROUP BY rule, step, status, decision, reason, outcome, currency
SETTINGS join_use_nulls = 0;
