-- After how many days buyers came back, and on which days they came in a burst.
-- Grain: one row a number of days, from 0 to the longest
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - lane: run of the stream
-- - days: days from an order of the period to the person's next one, to the nearest whole number
-- - orders: orders that were followed after so many days
-- - share: of all orders of the period that were followed by another
-- - burst: orders / mean of the three days before and the three days after; well above 1 on day 7 or 30: a habit. NULL if those have none
-- Example: SELECT days, orders, burst FROM repurchase_gaps(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') WHERE days IN (7, 30)
-- Caveats: day 7 is from 6.5 to 7.5 days. Orders near the end of the data are followed by early ones only.
CREATE OR REPLACE VIEW repurchase_gaps AS
SELECT
    {lane:String} AS lane,
    days,
    counts[days] AS orders,
    orders / sum(orders) OVER () AS share,
    orders / nullIf((sum(orders) OVER around - orders) / nullIf(count() OVER around - 1, 0), 0) AS burst
FROM
(
    SELECT counts, arrayJoin(range(longest + 1)) AS days
    FROM
    (
        SELECT sumMap(map(gap, toUInt64(1))) AS counts, max(gap) AS longest
        FROM
        (
            SELECT
                arraySort(groupArray((toUnixTimestamp64Milli(assumeNotNull(ordered_at)), toDate(ordered_at, $timezone)))) AS orders,
                arrayJoin(arrayZip(arrayPopBack(orders), arrayPopFront(orders))) AS pair,
                toUInt32(intDiv(pair.2.1 - pair.1.1 + 43200000, 86400000)) AS gap
            FROM orders_now
            WHERE lane = {lane:String} AND ordered_at IS NOT NULL
            GROUP BY person_id
        )
        WHERE pair.1.2 BETWEEN {from_day:Date} AND {to_day:Date}
    )
    WHERE notEmpty(counts)
)
WINDOW around AS (ORDER BY days ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING);
