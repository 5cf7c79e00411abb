-- How far each person came in the configured funnel and where they first came from, computed anew from the events: what `funnel_levels_now` must equal.
-- Grain: one row a person
-- Parameters:
-- - lane String: run of the stream
-- - part UInt32: which part of the persons, from 0
-- - parts UInt32: into how many parts all persons are divided; 1: everyone at once
-- Columns:
-- - lane: run of the stream
-- - person_id: the person now
-- - level: steps done in order within the window
-- - channel: channel of the first event that has one
-- - device_type: kind of device of that event
-- - campaign_name: utm_campaign of that event
-- - first_seen_at: first event
-- Example: SELECT channel, level, count() FROM levels_from_events(lane = 'live', part = 0, parts = 1) GROUP BY channel, level
-- Caveats: uses the funnel settings of the last `cartwake migrate`; a lane that ran with others differs.
CREATE OR REPLACE VIEW levels_from_events AS
SELECT
    lane,
    person_id,
    windowFunnel($funnel_window_ms)(toUInt64(at_ms), $funnel_conditions) AS level,
    argMinIf(m.channel, (at_ms, message_id), m.channel != '') AS channel,
    argMinIf(m.device_type, (at_ms, message_id), m.channel != '') AS device_type,
    argMinIf(m.campaign.3, (at_ms, message_id), m.channel != '') AS campaign_name,
    fromUnixTimestamp64Milli(min(at_ms), 'UTC') AS first_seen_at
FROM moving_events(lane = {lane:String}, part = {part:UInt32}, parts = {parts:UInt32}) AS m
GROUP BY lane, person_id;
