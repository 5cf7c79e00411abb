-- The same for what the stack notes of itself: attempts of webhooks, and what was refused, whose bytes ZSTD(1) packs as closely as ZSTD(3)
-- at half the time (docs/decisions/warehouse-tables.md).
ALTER TABLE deliveries
    MODIFY COLUMN trigger_id CODEC(ZSTD(1)),
    MODIFY COLUMN error CODEC(ZSTD(1));

ALTER TABLE rejected
    MODIFY COLUMN message CODEC(ZSTD(1)),
    MODIFY COLUMN raw CODEC(ZSTD(1)),
    MODIFY COLUMN field CODEC(ZSTD(1)),
    MODIFY COLUMN message_id CODEC(ZSTD(1));
