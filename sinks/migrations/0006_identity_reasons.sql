-- Ids that are a person of their own again, or were not merged.
ALTER TABLE identities
    MODIFY COLUMN reason LowCardinality(String) COMMENT 'Of an id that is its own person: refused by <person>, full (has too many devices), unlinked by <operator>',
    MODIFY COLUMN merged_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(merged_at_ms) COMMENT 'When the two became one, or were parted';
