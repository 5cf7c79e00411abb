-- Who asked to be forgotten: rows that name one of these ids are not stored any more, whether they come late or again in a replay.
CREATE TABLE IF NOT EXISTS erasures
(
    id_hash String COMMENT 'BLAKE2b of an id (u:<user> or d:<device>), keyed with the setting erasure_salt, 32 hex digits; the id itself is not kept',
    erased_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the person was erased'
)
ENGINE = ReplacingMergeTree(erased_at)
ORDER BY id_hash
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Ids of persons who were erased, as keyed hashes';
