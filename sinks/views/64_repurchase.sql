-- Who bought again: buyers by their first order of all, and buyers of the period by how often they ordered in it.
-- Grain: one row
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - buyers: persons whose first order of all is in the period
-- - repeat_buyers: of them, those who have ordered again since, however late
-- - repurchase_rate: repeat_buyers / buyers
-- - buyers_7: of `buyers`, those whose first order is at least 7 days older than the last event of the lane
-- - again_7: of them, those whose second order came within 7 days
-- - rate_7: again_7 / buyers_7
-- - buyers_30: as `buyers_7`, 30 days
-- - again_30: of them, those whose second order came within 30 days
-- - rate_30: again_30 / buyers_30
-- - median_days_to_second: days from the first to the second order of `repeat_buyers`, the median; NULL if there are none
-- - period_buyers: persons who ordered in the period, for the first time or not
-- - period_repeat_buyers: of them, those with two orders or more in it
-- - period_repurchase_rate: period_repeat_buyers / period_buyers
-- Example: SELECT rate_7, rate_30 FROM repurchase(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31')
-- Caveats: repurchase_rate grows for as long as one waits; rate_7 and rate_30 leave out who has not had the time yet. Cancelled orders count as orders.
CREATE OR REPLACE VIEW repurchase AS
WITH
    86400000 AS day_ms,
    (SELECT toUnixTimestamp64Milli(max(last_seen_at)) FROM persons WHERE lane = {lane:String}) AS until_ms
SELECT
    {lane:String} AS lane,
    countIf(is_new) AS buyers,
    countIf(is_new AND length(times) > 1) AS repeat_buyers,
    repeat_buyers / nullIf(buyers, 0) AS repurchase_rate,
    countIf(is_new AND times[1] + 7 * day_ms <= until_ms) AS buyers_7,
    countIf(is_new AND times[1] + 7 * day_ms <= until_ms AND length(times) > 1 AND times[2] - times[1] <= 7 * day_ms) AS again_7,
    again_7 / nullIf(buyers_7, 0) AS rate_7,
    countIf(is_new AND times[1] + 30 * day_ms <= until_ms) AS buyers_30,
    countIf(is_new AND times[1] + 30 * day_ms <= until_ms AND length(times) > 1 AND times[2] - times[1] <= 30 * day_ms) AS again_30,
    again_30 / nullIf(buyers_30, 0) AS rate_30,
    medianExactOrNullIf((times[2] - times[1]) / day_ms, is_new AND length(times) > 1) AS median_days_to_second,
    countIf(in_period > 0) AS period_buyers,
    countIf(in_period > 1) AS period_repeat_buyers,
    period_repeat_buyers / nullIf(period_buyers, 0) AS period_repurchase_rate
FROM
(
    SELECT
        arraySort(groupArray(toUnixTimestamp64Milli(assumeNotNull(ordered_at)))) AS times,
        min(toDate(ordered_at, $timezone)) BETWEEN {from_day:Date} AND {to_day:Date} AS is_new,
        countIf(toDate(ordered_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}) AS in_period
    FROM orders_now
    WHERE lane = {lane:String} AND ordered_at IS NOT NULL
    GROUP BY person_id
);
