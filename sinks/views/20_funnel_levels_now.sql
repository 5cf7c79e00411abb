-- The live funnel level of each person as it is now.
CREATE OR REPLACE VIEW funnel_levels_now AS SELECT * FROM funnel_levels FINAL;
