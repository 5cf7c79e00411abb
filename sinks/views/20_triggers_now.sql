-- Triggers as they are now: the latest version of each.
-- Grain: one row a rule, person, episode and step
-- Columns: as the table `triggers`
-- Example: SELECT decision, reason, count() FROM triggers_now WHERE lane = 'live' AND status = 'fired' GROUP BY decision, reason
-- Caveats: status `void`: a late event showed that it should not have fired.
CREATE OR REPLACE VIEW triggers_now AS SELECT * FROM triggers FINAL;
