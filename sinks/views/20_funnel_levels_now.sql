-- The live funnel level of each person as it is now.
-- Grain: one row a person and funnel
-- Columns: as the table `funnel_levels`
-- Example: SELECT level, count() FROM funnel_levels_now WHERE lane = 'live' GROUP BY level ORDER BY level
-- Caveats: a person who has done no step stands there with level 0.
CREATE OR REPLACE VIEW funnel_levels_now AS SELECT * FROM funnel_levels FINAL;
