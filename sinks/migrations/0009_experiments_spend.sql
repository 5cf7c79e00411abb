-- Experiments: who saw which variant first. What was paid for advertising. And the size that completes a group purchase.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS group_size UInt16 COMMENT 'Persons, the opener among them, that make the group purchase come about; 0 if not said' AFTER group_buy_id,
    ADD COLUMN IF NOT EXISTS experiment_id LowCardinality(String) COMMENT 'Experiment (A/B test)' AFTER group_size,
    ADD COLUMN IF NOT EXISTS variant LowCardinality(String) COMMENT 'Variant of the experiment that was shown' AFTER experiment_id;

-- A row keeps only the smallest and the largest time, so an insert that is done again changes nothing.
CREATE TABLE IF NOT EXISTS experiments
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    experiment_id LowCardinality(String) COMMENT 'Experiment (A/B test)',
    variant LowCardinality(String) COMMENT 'Variant that was shown',
    person_id String COMMENT 'Person when the events came; experiments_now has the person it is now',
    first_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'When the person first saw this variant',
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'When the person last saw this variant'
)
ENGINE = AggregatingMergeTree
ORDER BY (lane, experiment_id, person_id, variant)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Variants of experiments by the persons who saw them; late events left out';

CREATE MATERIALIZED VIEW IF NOT EXISTS experiments_from_events TO experiments AS
SELECT lane, experiment_id, variant, person_id, min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM events
WHERE event = 'experiment_view' AND NOT late
GROUP BY lane, experiment_id, variant, person_id;

CREATE TABLE IF NOT EXISTS spend
(
    lane LowCardinality(String) COMMENT 'Run of the stream that it is compared with',
    day Date COMMENT 'Day, in the business zone',
    channel LowCardinality(String) COMMENT 'Channel that was paid for: as in events',
    campaign_source LowCardinality(String) COMMENT 'utm_source; empty: of the whole channel',
    campaign_medium LowCardinality(String) COMMENT 'utm_medium',
    campaign_name LowCardinality(String) COMMENT 'utm_campaign',
    cost Decimal(18, 4) COMMENT 'What was paid, in currency',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost',
    clicks UInt64 COMMENT 'Clicks that the network counted',
    impressions UInt64 COMMENT 'Times that the network showed it',
    version UInt64 COMMENT 'The highest one of a key is valid: milliseconds of its import',
    file String COMMENT 'Name of the file that it came from',
    inserted_at DateTime64(3, 'UTC') MATERIALIZED now64(3) COMMENT 'When the row came into this table'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (lane, day, channel, campaign_source, campaign_medium, campaign_name, currency)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Cost of advertising by day and campaign, from cartwake spend import';
