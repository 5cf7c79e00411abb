-- What was agreed to and refused, and what was done about persons' rights. Filled from `events`; doing an insert again changes nothing.
CREATE TABLE IF NOT EXISTS consents
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    purpose LowCardinality(String) COMMENT 'analytics, marketing, personalisation, or the shop''s own',
    granted Bool COMMENT 'Agreed to; else refused or withdrawn',
    version String COMMENT 'Version of the text that was agreed to or refused, as the client says',
    basis LowCardinality(String) COMMENT 'What the decision rests on, as the client says; erase: the person asks to be forgotten',
    source LowCardinality(String) COMMENT 'web, app, server or store; server also for one that the shop recorded',
    person_id String COMMENT 'Person when the event came; consents_now has the person it is now',
    device_id String COMMENT 'Device that it binds; empty for the user''s events without a device',
    user_id String COMMENT 'User who was signed in',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it was decided' CODEC(DoubleDelta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') COMMENT 'When the collector had it' CODEC(DoubleDelta, ZSTD(1)),
    message_id String COMMENT 'Event that it comes from'
)
ENGINE = ReplacingMergeTree
ORDER BY (lane, person_id, purpose, device_id, occurred_at, message_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Every decision about a purpose, one row each; consents_now has the latest';

CREATE MATERIALIZED VIEW IF NOT EXISTS consents_from_events TO consents AS
SELECT
    lane,
    said.1 AS purpose,
    said.2 AS granted,
    JSONExtractString(toJSONString(props), 'version') AS version,
    JSONExtractString(toJSONString(props), 'basis') AS basis,
    source,
    person_id,
    device_id,
    user_id,
    occurred_at,
    received_at,
    message_id
FROM events
ARRAY JOIN JSONExtractKeysAndValues(toJSONString(props), 'purposes', 'Bool') AS said
WHERE event = 'consent';

INSERT INTO consents (lane, purpose, granted, version, basis, source, person_id, device_id, user_id, occurred_at, received_at, message_id)
SELECT
    lane,
    said.1,
    said.2,
    JSONExtractString(toJSONString(props), 'version'),
    JSONExtractString(toJSONString(props), 'basis'),
    source,
    person_id,
    device_id,
    user_id,
    occurred_at,
    received_at,
    message_id
FROM events
ARRAY JOIN JSONExtractKeysAndValues(toJSONString(props), 'purposes', 'Bool') AS said
WHERE event = 'consent';

CREATE TABLE IF NOT EXISTS audit
(
    at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When',
    actor String COMMENT 'Who: what the header X-Cartwake-Actor named, or the operator at the command line',
    action LowCardinality(String) COMMENT 'access, erase or consent',
    subject String COMMENT 'Whom it was about: keyed hash of the id that was asked for, as in erasures',
    result LowCardinality(String) COMMENT 'done, found, not_found, asked or failed',
    job_id String COMMENT 'Erasure that it belongs to',
    details String COMMENT 'More of the result, in words; names nobody'
)
ENGINE = MergeTree
ORDER BY at
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Who asked what about persons'' data, and what came of it; rows are only ever added';

CREATE TABLE IF NOT EXISTS erasure_jobs
(
    job_id String COMMENT 'Id that the request was answered with',
    status LowCardinality(String) COMMENT 'asked, running, done (nothing is left) or incomplete',
    asked_at DateTime64(3, 'UTC') COMMENT 'When the request came',
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was written: the latest of a job counts',
    step String COMMENT 'What is being done, or waited for',
    report String COMMENT 'What was erased where, as JSON; names nobody',
    signature String COMMENT 'HMAC-SHA256 of the report, keyed with the secret key, hex digits'
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY job_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Erasures, with their signed reports';
