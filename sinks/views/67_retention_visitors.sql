-- Cohorts of visitors, and how many of each came again in the periods that followed, in long form.
-- Grain: one row a cohort and number of the period
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of the first cohort; taken back to the start of its period
-- - to_day Date: last day that is looked at, of cohorts and of what followed
-- - grain Enum8('day', 'week', 'month'): length of a period; weeks begin on Monday
-- - cohorts Enum8('first', 'recurring'): by the period of the first visit of all; or everyone who comes in a period and had come in an earlier one
-- Columns:
-- - lane: run of the stream
-- - cohort: first day of the period that their visit was in
-- - period_number: periods since; 0 is the cohort's own
-- - period: first day of that period
-- - size: persons of the cohort
-- - returned: of them, those who came in that period; of number 0: all
-- - rate: returned / size
-- - complete: the whole period is within to_day: an incomplete one still grows
-- Example: SELECT cohort, period_number, rate FROM retention_visitors(lane = 'live', from_day = '2026-01-01', to_day = '2026-06-30', grain = 'month', cohorts = 'first')
--   WHERE complete ORDER BY cohort, period_number
-- Caveats: what a visit is, see `visitor_days`; events that arrived late count. All days of the lane up to to_day are read, to know the first. Recurring cohorts share persons.
CREATE OR REPLACE VIEW retention_visitors AS
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
    multiIf(grain = 'day', period, grain = 'week', period + 6, toLastDayOfMonth(period)) <= {to_day:Date} AS complete
FROM
(
    SELECT
        cohort,
        mapFromArrays(groupArray(number), groupArray(persons)) AS persons_by_number
    FROM
    (
        SELECT
            cohort,
            toUInt32(multiIf(grain = 'day', visit - cohort, grain = 'week', intDiv(visit - cohort, 7), dateDiff('month', cohort, visit))) AS number,
            count() AS persons
        FROM
        (
            SELECT
                visits,
                arrayJoin(arrayFilter(each -> each >= start, if(cohorts = 'first', [visits[1]], arrayPopFront(visits)))) AS cohort,
                arrayJoin(arrayFilter(each -> each >= cohort, visits)) AS visit
            FROM
            (
                SELECT arraySort(groupArray(period)) AS visits
                FROM
                (
                    SELECT DISTINCT person, multiIf(grain = 'day', day, grain = 'week', toMonday(day), toStartOfMonth(day)) AS period
                    FROM visitor_days(lane = {lane:String}, from_day = '1971-01-01', to_day = {to_day:Date})
                )
                GROUP BY person
            )
        )
        GROUP BY cohort, number
    )
    GROUP BY cohort
);
