-- Orders and revenue credited by what would be lost without a channel: the removal effect in a Markov chain of first order over all paths (Anderl, Becker, von Wangenheim, Schumann: Mapping the customer journey, International Journal of Research in Marketing 33, 2016). The chain's linear equations are solved (Gauss and Jordan), not simulated.
-- Grain: one row a channel and currency
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders, and of visits that led to none
-- - to_day Date: last day of both
-- - window_days UInt16: how long before the order a visit may have begun
-- Columns:
-- - channel: channel; unknown where no visit led to the order
-- - conversion: probability that a path ends in an order, as the chain has it
-- - without: the same where every visit by this channel ends the path without an order
-- - removal_effect: 1 - without / conversion
-- - share: removal_effect as a share of all channels'
-- - currency: ISO 4217 code of the amounts
-- - orders: share of the orders in this currency
-- - revenue: share of their revenue before refunds, in currency
-- - net_revenue: the same less refunds
-- Example: SELECT channel, removal_effect, currency, orders, revenue FROM attribution_markov(lane = 'live', from_day = '2026-01-01',
--   to_day = '2026-01-31', window_days = 30) ORDER BY orders DESC
-- Caveats: needs paths without orders as much as those with; no row where there is no order. One chain serves all currencies. Visits of one channel in a row change nothing.
CREATE OR REPLACE VIEW attribution_markov AS
SELECT
    channel,
    conversion,
    without,
    removal_effect,
    removal_effect / nullIf(sum(removal_effect) OVER (PARTITION BY currency), 0) AS share,
    currency,
    share * ordered AS orders,
    share * toFloat64(value) AS revenue,
    share * toFloat64(net_value) AS net_revenue
FROM
(
    SELECT probabilities[1] AS conversion, arrayJoin(arrayZip(names, arraySlice(probabilities, 2))) AS each, each.1 AS channel, each.2 AS without,
        1 - without / nullIf(conversion, 0) AS removal_effect
    FROM
    (
        -- The probability to end in an order with each channel removed, the first one with none removed. Before the chain is solved (Gauss and
        -- Jordan), a row of the equations has the factors of the probabilities from each channel, then the right side.
        SELECT
            names,
            arrayMap(
                removed -> arraySum(arrayMap(
                    (name, row) -> taken['\0' || name] / total[''] * row[-1],
                    names,
                    arrayFold(
                        (rows, pivot) -> arrayMap(
                            (row, number) -> if(number = pivot,
                                arrayMap(factor -> factor / rows[pivot][pivot], row),
                                arrayMap((factor, other) -> factor - row[pivot] * other / rows[pivot][pivot], row, rows[pivot])),
                            rows, arrayEnumerate(rows)),
                        arrayEnumerate(names),
                        arrayMap(
                            (name, number) -> if(number = removed,
                                arrayPushBack(arrayMap(column -> toFloat64(column = number), arrayEnumerate(names)), 0.),
                                arrayPushBack(
                                    arrayMap(
                                        (other, column) -> (column = number) - if(column = removed, 0., taken[name || '\0' || other] / total[name]),
                                        names, arrayEnumerate(names)),
                                    taken[name || '\0'] / total[name])),
                            names, arrayEnumerate(names))))),
                range(length(names) + 1)) AS probabilities
        FROM
        (
            -- Steps of the chain. An empty name is the start; as a target an empty name is the order, and \1 the end without one.
            SELECT
                arraySort(arrayFilter(name -> name != '', groupUniqArray(origin))) AS names,
                mapFromArrays(groupArray(origin || '\0' || target), groupArray(steps)) AS taken,
                sumMap(map(origin, steps)) AS total
            FROM
            (
                SELECT step.1 AS origin, step.2 AS target, sum(step.3) AS steps
                FROM
                (
                    SELECT
                        arrayJoin(arrayConcat(
                            arrayMap((a, b) -> (a, b, orders + nulls), arrayPushFront(arrayPopBack(path), ''), path),
                            [(path[-1], '', orders), (path[-1], '\1', nulls)])) AS step
                    FROM attribution_paths(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, window_days = {window_days:UInt16})
                )
                GROUP BY origin, target
            )
        )
    )
) AS effects
CROSS JOIN
(
    SELECT currency, count() AS ordered, sum(value) AS value, sum(net_value) AS net_value
    FROM orders_now
    WHERE lane = {lane:String} AND ordered_at IS NOT NULL AND toDate(assumeNotNull(ordered_at), $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY currency
) AS sold;
