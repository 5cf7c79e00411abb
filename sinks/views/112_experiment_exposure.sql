-- How many persons came into each variant of an experiment, by the day of their first exposure.
-- Grain: one row an experiment, variant and day on which somebody was exposed first
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - experiment String: experiment; empty for all
-- Columns:
-- - experiment_id: experiment (A/B test)
-- - variant: the variant seen first
-- - day: day in the business zone
-- - persons: persons exposed for the first time on that day
-- - persons_so_far: and since the first day of the period
-- - crossed: those of `persons` who saw another variant as well, at any time
-- Example: SELECT * FROM experiment_exposure(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', experiment = 'checkout')
--   ORDER BY day, variant
-- Caveats: a day without a new person has no row.
CREATE OR REPLACE VIEW experiment_exposure AS
SELECT
    experiment_id,
    variant,
    toDate(exposed_at, $timezone) AS day,
    count() AS persons,
    sum(count()) OVER (PARTITION BY experiment_id, variant ORDER BY toDate(exposed_at, $timezone)) AS persons_so_far,
    countIf(crossed) AS crossed
FROM (SELECT experiment_id, variant, exposed_at, crossed AS crossed FROM experiments_now WHERE lane = {lane:String} AND ({experiment:String} = '' OR experiment_id = {experiment:String}))
WHERE toDate(exposed_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
GROUP BY experiment_id, variant, day;
