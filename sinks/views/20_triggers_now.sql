-- Triggers as they are now: the latest version of each.
CREATE OR REPLACE VIEW triggers_now AS SELECT * FROM triggers FINAL;
