-- How many persons each of two variants needs before a difference of rates can be told from chance: the z-test's sample size (Fleiss, Levin, Paik: Statistical Methods for Rates and Proportions, 2003).
-- Grain: one row
-- Parameters:
-- - baseline Float64: conversion rate of the control, such as 0.1
-- - lift Float64: smallest relative lift that matters, such as 0.05 for a twentieth more
-- - alpha Float64: chance of a false alarm that is accepted (two-sided), such as 0.05
-- - power Float64: chance to find the lift where there is one, such as 0.8
-- Columns:
-- - target: rate with the lift
-- - persons: persons that each variant needs; NULL where a rate is not between 0 and 1 or the lift is 0
-- Example: SELECT persons FROM experiment_sample_size(baseline = 0.1, lift = 0.05, alpha = 0.05, power = 0.8)
-- Caveats: for a test that is read once; one that is looked at all the time with experiment_results' sequential interval needs more, often half as many again.
CREATE OR REPLACE VIEW experiment_sample_size AS
WITH
    {baseline:Float64} * (1 + {lift:Float64}) AS rate,
    ({baseline:Float64} + rate) / 2 AS mean,
    (SELECT z FROM normal_quantile(p = 1 - {alpha:Float64} / 2)) AS z_alpha,
    (SELECT z FROM normal_quantile(p = {power:Float64})) AS z_power,
    z_alpha * sqrt(2 * mean * (1 - mean)) + z_power * sqrt({baseline:Float64} * (1 - {baseline:Float64}) + rate * (1 - rate)) AS spread
SELECT
    rate AS target,
    if({lift:Float64} = 0 OR least({baseline:Float64}, rate) <= 0 OR greatest({baseline:Float64}, rate) >= 1, NULL, toUInt64(ceil(pow(spread / (rate - {baseline:Float64}), 2)))) AS persons;
