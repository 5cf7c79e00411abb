-- Amounts that lie far from the usual ones, by the distance between the quartiles (Tukey's fences).
-- Grain: one row an event, currency and kind of amount
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - fence Float64: how many times the distance between the quartiles an amount may lie outside them; 3 is far out
-- Columns:
-- - event: name from the event catalogue
-- - currency: ISO 4217 code of the amounts
-- - amount: value (of the event) or price (of a product in it)
-- - amounts: how many there are
-- - quartile_1: a quarter are at most this
-- - median: half are
-- - quartile_3: three quarters are
-- - low_fence: below this an amount is outlying
-- - high_fence: above this it is
-- - below: how many are below
-- - above: how many are above
-- - smallest: the smallest amount
-- - largest: the largest
-- Example: SELECT * FROM outlying_amounts(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', fence = 3) WHERE below + above > 0
-- Caveats: prices spread unevenly, so a dear product is outlying and yet right; the fences are of the period, not of each product.
CREATE OR REPLACE VIEW outlying_amounts AS
WITH arrayMap(amount -> toFloat64(amount), amounts_of_it) AS all
SELECT
    event,
    currency,
    kind AS amount,
    length(all) AS amounts,
    quartiles[1] AS quartile_1,
    quartiles[2] AS median,
    quartiles[3] AS quartile_3,
    quartile_1 - {fence:Float64} * (quartile_3 - quartile_1) AS low_fence,
    quartile_3 + {fence:Float64} * (quartile_3 - quartile_1) AS high_fence,
    arrayCount(amount -> amount < low_fence, all) AS below,
    arrayCount(amount -> amount > high_fence, all) AS above,
    arrayMin(all) AS smallest,
    arrayMax(all) AS largest
FROM
(
    SELECT
        event,
        currency,
        amount.1 AS kind,
        groupArray(amount.2) AS amounts_of_it,
        quantilesExactInclusive(0.25, 0.5, 0.75)(toFloat64(amount.2)) AS quartiles
    FROM
    (
        SELECT
            event,
            currency,
            arrayJoin(arrayConcat(
                if(value IS NULL, [], [('value', assumeNotNull(value))]),
                arrayMap(price -> ('price', assumeNotNull(price)), arrayFilter(price -> price IS NOT NULL, items.price))
            )) AS amount
        FROM events
        WHERE lane = {lane:String}
            AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
            AND toDate(occurred_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    )
    GROUP BY event, currency, kind
);
