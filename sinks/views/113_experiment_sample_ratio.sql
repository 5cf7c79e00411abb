-- Whether the variants got the share of persons that they were meant to get: the chi-square test for a sample ratio mismatch.
-- Where they did not, something is wrong with the assignment or the tracking, and no other number of the experiment can be trusted.
-- Grain: one row an experiment
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - experiment String: experiment; empty for all
-- - weights Map(String, Float64): meant share of each variant, in any scale; map() for equal shares of those seen
-- Columns:
-- - experiment_id: experiment (A/B test)
-- - variants: variants, those of the weights among them that nobody saw
-- - persons: persons of each
-- - expected: persons that each should have
-- - chi_square: sum of (persons - expected)^2 / expected; NULL with fewer than two variants, or one that should have nobody
-- - p_value: chance of such a mismatch or a greater one where the assignment is right; 0 where a variant has persons and should have nobody
-- - mismatch: p_value under 0.001
-- Example: SELECT * FROM experiment_sample_ratio(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', experiment = '',
--   weights = map('control', 9, 'green', 1))
-- Caveats: with a map of weights ask for one experiment; its test at 0.001 is meant to be looked at once a day without false alarms.
CREATE OR REPLACE VIEW experiment_sample_ratio AS
WITH greatest(ifNull(chi_square, 0), 1e-300) / 2 AS half
SELECT
    experiment_id,
    variants,
    persons,
    expected,
    if(length(variants) < 2 OR has(expected, 0), NULL, arraySum(arrayMap((o, e) -> pow(o - e, 2) / e, persons, expected))) AS chi_square,
    -- The tail of the chi-square distribution, a finite sum for a whole number of degrees of freedom (Abramowitz and Stegun, 26.4.4 and 26.4.5).
    multiIf(
        arrayExists((o, e) -> o > 0 AND e = 0, persons, expected), 0,
        chi_square IS NULL, NULL,
        length(variants) % 2 = 1, exp(-half) * arraySum(j -> exp(j * log(half) - lgamma(j + 1)), range(intDiv(length(variants) - 1, 2))),
        erfc(sqrt(half)) + exp(-half) * arraySum(j -> exp((j + 0.5) * log(half) - lgamma(j + 1.5)), range(intDiv(length(variants) - 2, 2)))
    ) AS p_value,
    p_value < 0.001 AS mismatch
FROM
(
    SELECT
        experiment_id,
        arraySort(arrayDistinct(arrayConcat(mapKeys(seen), arrayMap(name -> name::String, mapKeys({weights:Map(String, Float64)}))))) AS variants,
        arrayMap(name -> seen[name], variants) AS persons,
        arrayMap(name -> if(empty({weights:Map(String, Float64)}), 1., {weights:Map(String, Float64)}[name]), variants) AS shares,
        arrayMap(share -> arraySum(persons) * share / arraySum(shares), shares) AS expected
    FROM
    (
        SELECT experiment_id, mapFromArrays(groupArray(variant::String), groupArray(persons)) AS seen
        FROM
        (
            SELECT experiment_id, variant, sum(persons) AS persons
            FROM experiment_exposure(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, experiment = {experiment:String})
            GROUP BY experiment_id, variant
        )
        GROUP BY experiment_id
    )
);
