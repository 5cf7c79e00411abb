-- Visits, computed anew from the events: what `sessions_now` must equal.
-- Grain: one row a visit of one device
-- Parameters:
-- - lane String: run of the stream
-- - part UInt32: which part of the persons, from 0
-- - parts UInt32: into how many parts all persons are divided; 1: everyone at once
-- Columns:
-- - lane: run of the stream
-- - person_id: visitor
-- - device_id: device of the visit
-- - started_at: first event
-- - ended_at: last event
-- - events: events of the visit
-- - page_views: pages and screens seen
-- - interactions: events that are more than looking at a page
-- - bounce: one page view and no interaction
-- - channel: channel of the first event
-- - campaign: utm_source, utm_medium, utm_campaign of the first event
-- - device_type: mobile, desktop, tablet or store
-- - entry_url: page of the first event
-- Example: SELECT channel, count(), countIf(bounce) FROM sessions_from_events(lane = 'live', part = 0, parts = 16) GROUP BY channel
-- Caveats: uses the settings session_idle_s and session_max_s of the last `cartwake migrate`; a lane that ran with others differs.
CREATE OR REPLACE VIEW sessions_from_events AS
-- A pause cuts a device's events into blocks. Within a block a visit ends with a new campaign or after its longest time, which counts
-- from its own start and takes a fold, over the few events that can begin one.
WITH
    active AS
    (
        SELECT lane, person_id, device_id, at_ms, message_id, event, channel, campaign, device_type, page_url
        FROM moving_events(lane = {lane:String}, part = {part:UInt32}, parts = {parts:UInt32})
        WHERE device_id != '' AND event NOT IN ($quiet_events)
    ),
    paused AS
    (
        SELECT
            *,
            row_number() OVER way AS number,
            number = 1 OR at_ms - lagInFrame(at_ms) OVER way >= $session_idle_ms AS is_first
        FROM active
        WINDOW way AS (PARTITION BY lane, person_id, device_id ORDER BY at_ms, message_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    numbered AS
    (
        SELECT *, sum(is_first) OVER (PARTITION BY lane, person_id, device_id ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS block
        FROM paused
    ),
    blocks AS
    (
        SELECT
            lane,
            person_id,
            device_id,
            block,
            arraySort(groupArray((number, at_ms, campaign, event, channel, device_type, page_url))) AS own,
            own[-1].2 - own[1].2 >= $session_max_ms AS is_long,
            arrayFold(
                (visits, e) -> if(
                    e.2 - visits.1 >= $session_max_ms OR (e.3 != ('', '', '') AND e.3 != visits.2),
                    (e.2, e.3, arrayPushBack(visits.3, e.1)),
                    visits),
                arrayMap(e -> (e.1, e.2, e.3), arrayFilter(e -> is_long OR e.3 != ('', '', ''), arrayPopFront(own))),
                (own[1].2, own[1].3, [own[1].1])).3 AS firsts
        FROM numbered
        GROUP BY lane, person_id, device_id, block
    )
SELECT
    lane,
    person_id,
    device_id,
    fromUnixTimestamp64Milli(min(e.2), 'UTC') AS started_at,
    fromUnixTimestamp64Milli(max(e.2), 'UTC') AS ended_at,
    toUInt32(count()) AS events,
    toUInt32(countIf(e.4 IN ('page_view', 'screen_view'))) AS page_views,
    toUInt32(count() - countIf(e.4 IN ('page_view', 'screen_view'))) AS interactions,
    (page_views <= 1 AND interactions = 0)::Bool AS bounce,
    argMin(e.5, e.1) AS channel,
    argMin(e.3, e.1) AS campaign,
    argMin(e.6, e.1) AS device_type,
    argMin(e.7, e.1) AS entry_url
FROM blocks
ARRAY JOIN own AS e
GROUP BY lane, person_id, device_id, block, arrayLast(first -> first <= e.1, firsts);
