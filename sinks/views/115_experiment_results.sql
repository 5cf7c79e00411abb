-- What each variant changed against the control: lift, the two-proportion z-test, and an interval that stays valid however often one looks.
-- Grain: one row an experiment and variant
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of exposure
-- - to_day Date: last day of exposure
-- - experiment String: experiment; empty for all
-- - event String: what counts as conversion, as in experiment_conversions
-- - window_hours UInt32: time from the exposure within which it must happen
-- - control String: name of the variant that the others are compared with
-- - alpha Float64: chance of a false alarm that is accepted, such as 0.05
-- - tau Float64: difference of rates that one hopes to see, such as 0.01; the sequential interval is tightest when the truth is near it
-- Columns:
-- - experiment_id: experiment (A/B test)
-- - variant: the variant seen first
-- - persons: persons exposed
-- - converted: those who converted
-- - rate: converted / persons
-- - difference: rate - rate of the control; NULL for the control itself, as is all that follows
-- - lift: difference / rate of the control
-- - z: test statistic with the pooled rate
-- - p_value: of the two-sided z-test, to be read once, when the sample that was planned is complete
-- - low: lower end of the difference's interval at 1 - alpha, for one look (each variant with its own variance)
-- - high: its upper end
-- - sequential_low: lower end of the interval that covers the difference at all looks together, with 1 - alpha
-- - sequential_high: its upper end
-- - sequential_p: p-value that may be read at any time: the smallest one of all looks counts
-- Example: SELECT * FROM experiment_results(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', experiment = 'checkout',
--   event = 'purchase', window_hours = 168, control = 'control', alpha = 0.05, tau = 0.01)
-- Caveats: the sequential test is the mixture SPRT with a normal mixture (Johari, Koomen, Pekelis, Walsh: Always Valid Inference, Operations Research 70, 2022), its variance that of the data so far: asymptotic, so wait for some hundred persons a variant. tau must be chosen before looking. Several variants: divide alpha by their number.
CREATE OR REPLACE VIEW experiment_results AS
SELECT
    experiment_id,
    variant,
    persons,
    converted,
    rate,
    if(variant = {control:String} OR n0 = 0, NULL, rate - rate0) AS difference,
    difference / nullIf(rate0, 0) AS lift,
    difference / nullIf(sqrt(pooled * (1 - pooled) * (1 / persons + 1 / n0)), 0) AS z,
    erfc(abs(z) / sqrt(2)) AS p_value,
    difference - quantile * sqrt(variance) AS low,
    difference + quantile * sqrt(variance) AS high,
    difference - reach AS sequential_low,
    difference + reach AS sequential_high,
    least(1., sqrt((variance + mixed) / variance) * exp(-difference * difference * mixed / (2 * variance * (variance + mixed)))) AS sequential_p
FROM
(
    SELECT
        *,
        maxIf(persons, variant = {control:String}) OVER (PARTITION BY experiment_id) AS n0,
        maxIf(converted, variant = {control:String}) OVER (PARTITION BY experiment_id) AS converted0,
        converted0 / nullIf(n0, 0) AS rate0,
        (converted + converted0) / (persons + n0) AS pooled,
        nullIf(rate * (1 - rate) / persons + rate0 * (1 - rate0) / nullIf(n0, 0), 0) AS variance,
        pow({tau:Float64}, 2) AS mixed,
        sqrt(variance * (variance + mixed) / mixed * (2 * log(1 / {alpha:Float64}) + log((variance + mixed) / variance))) AS reach,
        (SELECT z FROM normal_quantile(p = 1 - {alpha:Float64} / 2)) AS quantile
    FROM experiment_conversions(
        lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, experiment = {experiment:String}, event = {event:String}, window_hours = {window_hours:UInt32})
);
