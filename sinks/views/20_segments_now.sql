-- Stays in segments as they are now.
-- Grain: one row a stay: a person, a segment, its value and the time of entering
-- Columns: as the table `segments`
-- Example: SELECT segment, value, count() FROM segments_now WHERE lane = 'live' AND left_at IS NULL GROUP BY segment, value
-- Caveats: a person is in a segment while `left_at` is NULL.
CREATE OR REPLACE VIEW segments_now AS SELECT * FROM segments FINAL;
