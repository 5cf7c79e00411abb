-- A funnel of any steps: how many persons did each, how many went on, and how long they took; in all or by what they are.
-- Grain: one row a step, and a value of what is named in `by`
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - steps Array(String): names of events, in order; of an event outside the catalogue the shop's own name; 15 at most
-- - window_s UInt64: all steps must follow the first within this time, seconds
-- - mode String: ordered (other events may lie between), strict (of the events that the funnel names, only repetitions of a step may) or any (in any order: step 2 is then any two of the steps)
-- - exclude Array(String): events that break a chain when they lie between two steps; [] for none
-- - by String: '' for all persons in one, or channel, campaign_source, campaign_medium, campaign_name, device_type, country or source
-- Columns:
-- - value: value of what is named in `by`; '' for all, and where it is not known
-- - step: number of the step, from 1
-- - event: its name; '' in the mode any
-- - persons: persons who came so far
-- - from_first: persons / those of the first step, 0 - 1; NULL when nobody did the first
-- - from_previous: persons / those of the step before, 0 - 1; NULL when nobody did that one
-- - dropped: persons who did not go on to the next step; of the last step 0
-- - drop_off: dropped / persons, 0 - 1; NULL when there are no persons
-- - median_from_previous_s: median time since the step before, seconds; NULL for the first step
-- - mean_from_previous_s: its mean
-- - median_from_first_s: median time since the first step, seconds; NULL for the first step
-- - mean_from_first_s: its mean
-- Example: SELECT * FROM funnel(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', steps = ['view_item', 'add_to_cart', 'begin_checkout', 'purchase'], window_s = 604800, mode = 'ordered', exclude = [], by = 'channel') ORDER BY value, step
-- Caveats: those of `funnel_chains`; channel, campaign and kind of device are the person's first ever, the country is the last, the source is that of the first event that the funnel names.
CREATE OR REPLACE VIEW funnel AS
SELECT
    value,
    step,
    if({mode:String} = 'any', '', {steps:Array(String)}[step]) AS event,
    persons,
    persons / nullIf(max(persons) OVER (PARTITION BY value), 0) AS from_first,
    if(step = 1, 1, persons / nullIf(lagInFrame(persons) OVER steps_of_value, 0)) AS from_previous,
    if(step = length({steps:Array(String)}), 0, persons - leadInFrame(persons) OVER steps_of_value) AS dropped,
    dropped / nullIf(persons, 0) AS drop_off,
    if(step = 1 OR persons = 0, NULL, median_previous_ms / 1000) AS median_from_previous_s,
    if(step = 1 OR persons = 0, NULL, mean_previous_ms / 1000) AS mean_from_previous_s,
    if(step = 1 OR persons = 0, NULL, median_first_ms / 1000) AS median_from_first_s,
    if(step = 1 OR persons = 0, NULL, mean_first_ms / 1000) AS mean_from_first_s
FROM
(
    SELECT
        value,
        arrayJoin(arrayEnumerate({steps:Array(String)})) AS step,
        persons_by_step[step] AS persons,
        median_previous[step - 1] AS median_previous_ms,
        mean_previous[step - 1] AS mean_previous_ms,
        median_first[step - 1] AS median_first_ms,
        mean_first[step - 1] AS mean_first_ms
    FROM
    (
        SELECT
            if({by:String} = '', '', if({by:String} = 'source', c.source, p.value)) AS value,
            countForEach(c.done_at_ms) AS persons_by_step,
            quantileExactInclusiveForEach(0.5)(c.previous_ms) AS median_previous,
            avgForEach(c.previous_ms) AS mean_previous,
            quantileExactInclusiveForEach(0.5)(c.first_ms) AS median_first,
            avgForEach(c.first_ms) AS mean_first
        FROM
        (
            SELECT
                person,
                done_at_ms,
                arrayPopFront(arrayDifference(done_at_ms)) AS previous_ms,
                arrayMap(at -> at - done_at_ms[1], arrayPopFront(done_at_ms)) AS first_ms,
                if({by:String} = 'source', source, '') AS source
            FROM funnel_chains(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date}, steps = {steps:Array(String)}, window_s = {window_s:UInt64}, mode = {mode:String}, exclude = {exclude:Array(String)})
        ) AS c
        LEFT JOIN
        (
            -- As persons_now, but by hashes, and only what is asked for: nested ifs leave the other columns unread.
            SELECT
                if(i.person = 0, p.person, i.person) AS person,
                if({by:String} = 'country', argMaxIfMerge(p.country),
                    if({by:String} = 'device_type', argMinIfMerge(p.first_device),
                        [(argMinIfMerge(p.first_touch) AS touch).1, touch.2, touch.3, touch.4][greatest(1, indexOf(['channel', 'campaign_source', 'campaign_medium', 'campaign_name'], {by:String}))])) AS value
            FROM
            (
                SELECT cityHash64(person_id) AS person, first_touch, first_device, country
                FROM persons
                WHERE lane = {lane:String} AND {by:String} NOT IN ('', 'source')
                    AND NOT throwIf({by:String} NOT IN ('', 'channel', 'campaign_source', 'campaign_medium', 'campaign_name', 'device_type', 'country', 'source'),
                        'by is one of channel, campaign_source, campaign_medium, campaign_name, device_type, country, source, or empty')
            ) AS p
            LEFT JOIN
            (
                SELECT cityHash64(id) AS id, cityHash64(person_id) AS person
                FROM identities_now
                WHERE lane = {lane:String} AND {by:String} NOT IN ('', 'source')
            ) AS i ON i.id = p.person
            GROUP BY person
        ) AS p ON p.person = c.person
        GROUP BY value
    )
)
WINDOW steps_of_value AS (PARTITION BY value ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
