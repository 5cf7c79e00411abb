-- How long each person has been silent, and the churn tier that this makes.
-- Grain: one row a person who did something until the day
-- Parameters:
-- - lane String: run of the stream
-- - to_day Date: as it stood at the end of this day, or at the lane's clock if that has not come so far
-- Columns:
-- - person_id: the person now
-- - last_active_at: last event that was more than saying who someone is
-- - silent_s: time since then, seconds
-- - churn_tier: the last tier of the setting `churn_tiers_s` that was reached; active before the first
-- Example: SELECT churn_tier, count() FROM churn_tiers(lane = 'live', to_day = '2026-01-31') GROUP BY churn_tier
-- Caveats: late events do not count, as in the live segments; what the shop does (a refund, a cancellation) counts as activity, as it does live.
CREATE OR REPLACE VIEW churn_tiers AS
WITH (
    SELECT if(count() = 0, toDateTime64({to_day:Date} + 1, 3, $timezone), least(toDateTime64({to_day:Date} + 1, 3, $timezone), min(now_at)))
    FROM clocks_now WHERE lane = {lane:String}
) AS now
SELECT
    person_id,
    max(e.last_active_at) AS last_active_at,
    dateDiff('millisecond', last_active_at, now) / 1000 AS silent_s,
    arrayElement(arrayFilter(tier -> tier.2 <= silent_s, [('active', 0), $silence_tiers]), -1).1 AS churn_tier
FROM
(
    SELECT if(i.person_id = '', e.person_id, i.person_id) AS person_id, e.last_active_at AS last_active_at
    FROM
    (
        SELECT person_id, max(occurred_at) AS last_active_at
        FROM events
        WHERE lane = {lane:String} AND NOT late AND event NOT IN ($quiet_events)
            AND toDate(occurred_at) <= {to_day:Date} + 1 AND occurred_at < now
        GROUP BY person_id
    ) AS e
    LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person_id
) AS e
GROUP BY person_id
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
