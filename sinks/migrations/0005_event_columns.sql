-- When the client sent an event, and whether its id had come before with another content.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS sent_at_ms Int64 EPHEMERAL COMMENT 'Line field of sent_at' AFTER client_at,
    ADD COLUMN IF NOT EXISTS sent_at Nullable(DateTime64(3, 'UTC')) DEFAULT if(sent_at_ms = 0, NULL, fromUnixTimestamp64Milli(sent_at_ms)) COMMENT 'When the client sent it, by its own clock; NULL when it gave no time' AFTER sent_at_ms,
    ADD COLUMN IF NOT EXISTS id_reused Bool COMMENT 'Another event had this message id before; message_id is then followed by ~ and 8 hex digits' AFTER replayed;
