-- What was not taken, and how far the stream has come.
CREATE TABLE IF NOT EXISTS rejected
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    received_at_ms Int64 EPHEMERAL COMMENT 'Line field of received_at',
    received_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(received_at_ms) COMMENT 'When it came in',
    stage LowCardinality(String) COMMENT 'Who refused it: collector, replay, identify, journey or sink',
    code LowCardinality(String) COMMENT 'Reason, one of the closed list',
    message String COMMENT 'The reason in words',
    raw String COMMENT 'What was refused, as it came' CODEC(ZSTD(3)),
    encoding LowCardinality(String) DEFAULT 'utf-8' COMMENT 'utf-8 or base64: how raw spells the bytes',
    field String COMMENT 'Field that is wrong or missing',
    write_key LowCardinality(String) COMMENT 'Key that it was sent with',
    message_id String COMMENT 'Id that the client gave it',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = MergeTree
ORDER BY (lane, stage, code, received_at)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Events that were not taken, with their bytes and the reason';

CREATE TABLE IF NOT EXISTS clocks
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    partition UInt32 COMMENT 'Partition of the topics of the lane',
    now_at_ms Int64 EPHEMERAL COMMENT 'Line field of now_at',
    now_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(now_at_ms) COMMENT 'Every event that was received before is in the results',
    version UInt64 COMMENT 'The highest one of a partition is valid',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (lane, partition)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'How far each partition of a lane has come';
