-- Persons as they are now: everything that was said under any of a person's ids.
-- Grain: one row a person who has sent an event
-- Columns:
-- - lane: run of the stream
-- - person_id: u:<user> or d:<device>
-- - first_seen_at: first event
-- - last_seen_at: last event
-- - first_channel: channel of the first event that has one
-- - first_campaign_source: utm_source of that event
-- - first_campaign_medium: utm_medium of that event
-- - first_campaign_name: utm_campaign of that event
-- - first_device_type: kind of the first device
-- - country: country of the last event that has one
-- - locale: language and region of the last event that has one
-- - timezone: time zone of the last event that has one
-- - traits: what the last identify event said of the person, as JSON; empty if none came
-- - user_ids: users that are this person
-- - device_ids: devices that the person used
-- Example: SELECT first_channel, count() FROM persons_now WHERE lane = 'live' GROUP BY first_channel
-- Caveats: late events count here; of a device with several users `user_ids` of one can name another (docs/contracts.md, Persons).
CREATE OR REPLACE VIEW persons_now AS
SELECT
    lane,
    person_id,
    min(p.first_seen_at) AS first_seen_at,
    max(p.last_seen_at) AS last_seen_at,
    tupleElement(argMinIfMerge(first_touch), 'channel') AS first_channel,
    tupleElement(argMinIfMerge(first_touch), 'source') AS first_campaign_source,
    tupleElement(argMinIfMerge(first_touch), 'medium') AS first_campaign_medium,
    tupleElement(argMinIfMerge(first_touch), 'name') AS first_campaign_name,
    argMinIfMerge(first_device) AS first_device_type,
    argMaxIfMerge(p.country) AS country,
    argMaxIfMerge(p.locale) AS locale,
    argMaxIfMerge(p.timezone) AS timezone,
    argMaxIfMerge(p.traits) AS traits,
    arraySort(groupUniqArrayArray(p.user_ids)) AS user_ids,
    arraySort(groupUniqArrayArray(p.device_ids)) AS device_ids
FROM
(
    SELECT
        p.lane AS lane,
        if(i.person_id = '', p.person_id, i.person_id) AS person_id,
        p.first_seen_at,
        p.last_seen_at,
        p.first_touch,
        p.first_device,
        p.country,
        p.locale,
        p.timezone,
        p.traits,
        p.user_ids,
        p.device_ids
    FROM persons AS p
    LEFT JOIN (SELECT lane, id, person_id FROM identities_now) AS i ON i.lane = p.lane AND i.id = p.person_id
) AS p
GROUP BY lane, person_id
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
