-- How far each person came in a funnel that the question names, and when each step was done.
-- Grain: one row a person who has done at least one step (in the modes ordered and strict: the first one)
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - steps Array(String): names of events, in order; of an event outside the catalogue the shop's own name; 15 at most
-- - window_s UInt64: all steps must follow the first within this time, seconds
-- - mode String: ordered (other events may lie between), strict (of the events that the funnel names, only repetitions of a step may) or any (in any order)
-- - exclude Array(String): events that break a chain when they lie between two steps; [] for none
-- Columns:
-- - person_id: the person now
-- - person: the same as a hash of 64 bits, for joins and counts that have to be quick
-- - done_at_ms: when the steps were done, epoch milliseconds, in order; as many as were reached
-- - source: where the person's first event among those named came from: web, app, server or store
-- Example: SELECT length(done_at_ms) AS level, count() FROM funnel_chains(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', steps = ['view_item', 'add_to_cart', 'purchase'], window_s = 604800, mode = 'ordered', exclude = []) GROUP BY level
-- Caveats: only events of the period count, so who began on its last days had less time; late events are left out; of several chains the longest counts, the one that was complete first, with the latest start that leads there, as `windowFunnel` has it; a step that is named twice wants two events, and in the mode any counts once.
CREATE OR REPLACE VIEW funnel_chains AS
WITH
    -- An event is one number, 16 x its time in ms + its step's number (0: an exclusion), so that they sort by time and then by step.
    {window_s:UInt64} * 16000 AS window,
    -- Asked for as subqueries these are computed once, and not for each row.
    (SELECT arrayMap(name -> indexOf({steps:Array(String)}, name), {steps:Array(String)})) AS codes,
    (SELECT length(arrayDistinct({steps:Array(String)})) = length({steps:Array(String)})) AS distinct_steps
SELECT person_id, person, arrayMap(x -> toInt64(bitShiftRight(x, 4)), chain) AS done_at_ms, source
FROM
(
    SELECT
        person_id,
        person,
        source,
        -- The expression of the mode any stands here and has no name, so that the other modes do not compute it.
        if({mode:String} = 'any',
            arraySort(arrayElement(
                arraySort(found -> (-toInt64(length(found)), bitShiftRight(arrayMax(found), 4), -toInt64(bitShiftRight(arrayMin(found), 4))),
                    arrayFold(
                        (chains, code) -> arrayMap(
                            (begun, x, found, broken) -> if(found != 0 AND found <= bitOr(x, 15) + window AND (broken = 0 OR found < broken), arrayPushBack(begun, found), begun),
                            chains,
                            events,
                            arrayReverseFill(x -> x != 0, arrayMap(x -> if(bitAnd(x, 15) = code, x, 0), events)),
                            arrayReverseFill(x -> x != 0, arrayMap(x -> if(bitAnd(x, 15) = 0, x, 0), events))
                        ),
                        arrayDistinct(codes),
                        arrayMap(x -> emptyArrayUInt64(), events)
                    )
                ), 1)),
            arrayFold(
                (times, code) -> arrayPushFront(times, arrayLast((x, next) -> bitAnd(x, 15) = code AND x < next, events, arrayMap(x -> times[1], events))),
                arrayReverse(arraySlice(codes, 1, greatest(walk.2, 1) - 1)),
                if(walk.2 = 0, emptyArrayUInt64(), [walk.3]))) AS chain
    FROM
    (
        SELECT
            person_id,
            person,
            source,
            events,
            -- One round a step: at each event that does the step the time at which its chain began (0: it does not), level, last step.
            arrayFold(
                (reached, code) -> (
                    arrayMap(
                        (x, began) -> if(bitAnd(x, 15) = code AND began != 0 AND x <= bitOr(began, 15) + window, began, 0),
                        events,
                        arrayShiftRight(
                            if({mode:String} = 'strict', reached.1, arrayFill((began, x) -> began != 0 OR bitAnd(x, 15) = 0, reached.1, events)),
                            1, toUInt64(0))
                    ),
                    reached.2 + arrayExists(began -> began != 0, reached.1),
                    if(arrayExists(began -> began != 0, reached.1), arrayFirst((x, began) -> began != 0, events, reached.1), reached.3)
                ),
                arrayPushBack(arrayPopFront(codes), 99),
                (arrayMap(x -> if(bitAnd(x, 15) = 1, x, 0), events), toUInt64(0), toUInt64(0))
            ) AS walk
        FROM
        (
            SELECT
                -- Persons as hashes of 64 bits: see events_by_day.
                if(i.person = 0, e.person, i.person) AS person,
                any(if(i.person = 0, e.person_id, i.person_id)) AS person_id,
                argMin(e.source, e.first_at) AS source,
                arraySort(groupArrayArray(e.events)) AS sorted,
                -- Of first steps that follow each other only the last can begin what matters; strict chains see a run of one step as one.
                if({mode:String} = 'any' OR NOT distinct_steps, sorted,
                    arrayFilter(
                        (x, previous, next) -> if(bitAnd(x, 15) = 1, bitAnd(next, 15) != 1, {mode:String} != 'strict' OR bitAnd(x, 15) != bitAnd(previous, 15)),
                        sorted, arrayShiftRight(sorted, 1, toUInt64(99)), arrayShiftLeft(sorted, 1, toUInt64(99)))) AS events
            FROM
            (
                SELECT
                    cityHash64(events.person_id) AS person,
                    any(events.person_id) AS person_id,
                    min(occurred_at) AS first_at,
                    argMin(toString(source), occurred_at) AS source,
                    groupArray(toUInt64(toUnixTimestamp64Milli(occurred_at)) * 16 + indexOf({steps:Array(String)}, if(event = 'custom', event_raw, event))) AS events
                FROM events
                WHERE lane = {lane:String} AND NOT late
                    AND event IN arrayConcat({steps:Array(String)}, {exclude:Array(String)}, ['custom'])
                    AND (event != 'custom' OR event_raw IN arrayConcat({steps:Array(String)}, {exclude:Array(String)}))
                    AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
                    AND toDate(occurred_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
                    AND NOT throwIf({mode:String} NOT IN ('ordered', 'strict', 'any'), 'mode is one of ordered, strict, any')
                GROUP BY person
            ) AS e
            LEFT JOIN
            (
                SELECT cityHash64(id) AS id, cityHash64(person_id) AS person, person_id FROM identities_now WHERE lane = {lane:String}
            ) AS i ON i.id = e.person
            GROUP BY person
        )
    )
)
WHERE notEmpty(chain)
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
