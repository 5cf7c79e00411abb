-- Stays in the churn tiers, computed anew from the times between activities: what `segments_now` must equal.
-- Grain: one row a stay: a person, a tier and the time of entering
-- Parameters:
-- - lane String: run of the stream
-- - part UInt32: which part of the persons, from 0
-- - parts UInt32: into how many parts all persons are divided; 1: everyone at once
-- Columns:
-- - lane: run of the stream
-- - person_id: person
-- - segment: churn
-- - value: the tier
-- - entered_at: when the stay began
-- - left_at: when it ended; NULL while it lasts
-- Example: SELECT value, count() FROM segments_from_events(lane = 'live', part = 0, parts = 16) WHERE left_at IS NULL GROUP BY value
-- Caveats: time is the lane's clock (`clocks_now`); uses the setting churn_tiers_s of the last `cartwake migrate`.
CREATE OR REPLACE VIEW segments_from_events AS
WITH
    (SELECT toUnixTimestamp64Milli(min(now_at)) FROM clocks_now WHERE lane = {lane:String}) AS now_ms,
    $churn_tiers AS tiers
SELECT
    lane,
    person_id,
    'churn' AS segment,
    tier.1 AS value,
    fromUnixTimestamp64Milli(at_ms + tier.2, 'UTC') AS entered_at,
    if(leaves_ms = 0, NULL, fromUnixTimestamp64Milli(leaves_ms, 'UTC')) AS left_at
FROM
(
    SELECT
        lane,
        person_id,
        at_ms,
        next_ms,
        arrayFilter(t -> at_ms + t.2 <= if(next_ms = 0, now_ms, next_ms), tiers) AS reached
    FROM
    (
        SELECT
            lane,
            person_id,
            at_ms,
            leadInFrame(at_ms) OVER (PARTITION BY lane, person_id ORDER BY at_ms ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next_ms
        FROM moving_events(lane = {lane:String}, part = {part:UInt32}, parts = {parts:UInt32})
        WHERE event NOT IN ($quiet_events)
    )
    WHERE notEmpty(reached)
)
ARRAY JOIN
    reached AS tier,
    arrayPushBack(arrayMap(t -> at_ms + t.2, arrayPopFront(reached)), next_ms) AS leaves_ms;
