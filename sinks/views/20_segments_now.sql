-- Stays in segments as they are now; a person is in a segment while `left_at` is NULL.
CREATE OR REPLACE VIEW segments_now AS SELECT * FROM segments FINAL;
