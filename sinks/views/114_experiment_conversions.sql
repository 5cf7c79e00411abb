-- How many persons of each variant did something within a time from their first exposure.
-- Grain: one row an experiment and variant
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of exposure
-- - to_day Date: last day of exposure
-- - experiment String: experiment; empty for all
-- - event String: what counts as conversion: a name of the catalogue, or the client's own name of an event outside it
-- - window_hours UInt32: time from the exposure within which it must happen
-- Columns:
-- - experiment_id: experiment (A/B test)
-- - variant: the variant seen first
-- - persons: persons exposed
-- - converted: those who converted
-- - rate: converted / persons
-- Example: SELECT * FROM experiment_conversions(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', experiment = '',
--   event = 'purchase', window_hours = 168)
-- Caveats: whoever was exposed less than the window ago may still convert; an event at the very moment of the exposure counts. Late events are left out.
CREATE OR REPLACE VIEW experiment_conversions AS
SELECT experiment_id, variant, count() AS persons, countIf(hit) AS converted, converted / persons AS rate
FROM
(
    SELECT
        x.experiment_id AS experiment_id,
        x.variant AS variant,
        max(e.occurred_at >= x.exposed_at AND e.occurred_at < x.exposed_at + toIntervalHour({window_hours:UInt32})) AS hit
    FROM
    (
        SELECT experiment_id, variant, person_id, exposed_at
        FROM experiments_now
        WHERE lane = {lane:String} AND ({experiment:String} = '' OR experiment_id = {experiment:String})
            AND toDate(exposed_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    ) AS x
    LEFT JOIN
    (
        SELECT if(i.person_id = '', e.person_id, i.person_id) AS person_id, e.occurred_at AS occurred_at
        FROM
        (
            SELECT person_id, occurred_at
            FROM events
            WHERE lane = {lane:String} AND (event = {event:String} OR (event = 'custom' AND event_raw = {event:String})) AND NOT late
                AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 2 + intDiv({window_hours:UInt32}, 24)
        ) AS e
        LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = e.person_id
    ) AS e ON e.person_id = x.person_id
    GROUP BY x.experiment_id, x.variant, x.person_id
)
GROUP BY experiment_id, variant
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
