-- Cost of advertising as it is now: the latest import of each day and campaign.
-- Grain: one row a day, channel, campaign and currency
-- Columns: as the table `spend`
-- Example: SELECT channel, currency, sum(cost) FROM spend_now WHERE lane = 'live' GROUP BY channel, currency
-- Caveats: a campaign that a corrected file no longer names keeps its old rows; import it once more with cost 0.
CREATE OR REPLACE VIEW spend_now AS SELECT * FROM spend FINAL;
