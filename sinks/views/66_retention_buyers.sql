-- Cohorts of buyers, and how many of each ordered again in the periods that followed, in long form.
-- Grain: one row a cohort and number of the period
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of the first cohort; taken back to the start of its period
-- - to_day Date: last day that is looked at, of cohorts and of what followed
-- - grain Enum8('day', 'week', 'month'): length of a period; weeks begin on Monday
-- - cohorts Enum8('first', 'recurring'): by the period of the first order of all; or everyone who orders in a period and had done so in an earlier one
-- Columns:
-- - lane: run of the stream
-- - cohort: first day of the period that their order was in
-- - period_number: periods since; 0 is the cohort's own
-- - period: first day of that period
-- - size: persons of the cohort
-- - returned: of them, those who ordered in that period; of number 0: all
-- - rate: returned / size
-- - revenue: net value, by currency, of the orders that they placed in that period
-- - complete: the whole period is within to_day: an incomplete one still grows
-- Example: SELECT cohort, period_number, rate FROM retention_buyers(lane = 'live', from_day = '2026-01-01', to_day = '2026-06-30', grain = 'month', cohorts = 'first')
--   WHERE complete ORDER BY cohort, period_number
-- Caveats: net value is the value of an order less all that was paid back of it by now. Cancelled orders count as orders. Recurring cohorts share persons.
CREATE OR REPLACE VIEW retention_buyers AS
WITH
    {grain:Enum8('day', 'week', 'month')} AS grain,
    {cohorts:Enum8('first', 'recurring')} AS cohorts,
    multiIf(grain = 'day', {from_day:Date}, grain = 'week', toMonday({from_day:Date}), toStartOfMonth({from_day:Date})) AS start
SELECT
    {lane:String} AS lane,
    cohort,
    arrayJoin(range(toUInt32(multiIf(grain = 'day', {to_day:Date} - cohort, grain = 'week', intDiv({to_day:Date} - cohort, 7), dateDiff('month', cohort, {to_day:Date}))) + 1)) AS period_number,
    multiIf(grain = 'day', cohort + period_number, grain = 'week', cohort + 7 * period_number, addMonths(cohort, period_number)) AS period,
    persons_by_number[0] AS size,
    persons_by_number[period_number] AS returned,
    returned / size AS rate,
    revenue_by_number[period_number] AS revenue,
    multiIf(grain = 'day', period, grain = 'week', period + 6, toLastDayOfMonth(period)) <= {to_day:Date} AS complete
FROM
(
    SELECT
        cohort,
        mapFromArrays(groupArray(number), groupArray(persons)) AS persons_by_number,
        mapFromArrays(groupArray(number), groupArray(revenue)) AS revenue_by_number
    FROM
    (
        SELECT
            cohort,
            toUInt32(multiIf(grain = 'day', visit.1 - cohort, grain = 'week', intDiv(visit.1 - cohort, 7), dateDiff('month', cohort, visit.1))) AS number,
            count() AS persons,
            sumMap(visit.2) AS revenue
        FROM
        (
            SELECT
                visits,
                arrayJoin(arrayFilter(each -> each >= start, if(cohorts = 'first', [visits[1].1], arrayPopFront(visits.1)))) AS cohort,
                arrayJoin(arrayFilter(each -> each.1 >= cohort, visits)) AS visit
            FROM
            (
                SELECT arraySort(groupArray((period, revenue))) AS visits
                FROM
                (
                    SELECT person_id, period, sumMap(map(currency, worth)) AS revenue
                    FROM
                    (
                        SELECT
                            person_id,
                            currency,
                            toDate(ordered_at, $timezone) AS day,
                            multiIf(grain = 'day', day, grain = 'week', toMonday(day), toStartOfMonth(day)) AS period,
                            sum(net_value) AS worth
                        FROM orders_now
                        WHERE lane = {lane:String} AND ordered_at IS NOT NULL AND day <= {to_day:Date}
                        GROUP BY person_id, currency, day
                    )
                    GROUP BY person_id, period
                )
                GROUP BY person_id
            )
        )
        GROUP BY cohort, number
    )
    GROUP BY cohort
);
