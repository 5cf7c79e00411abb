-- Customer lifetime value: what `cartwake clv fit` found, and of whom. The rows of a fit count once its row in `clv_models` is there.
CREATE TABLE IF NOT EXISTS clv_models
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the orders it was fitted to',
    fitted_at DateTime64(3, 'UTC') COMMENT 'When it was fitted; the latest one is valid',
    from_day Date COMMENT 'First day of the orders',
    to_day Date COMMENT 'Last day of the orders',
    period_days Float64 COMMENT 'Days of one period: the unit of time of all parameters and of recency and age',
    customers UInt64 COMMENT 'Customers that BG/NBD was fitted to',
    r Float64 COMMENT 'BG/NBD: shape of the rate of purchases',
    alpha Float64 COMMENT 'BG/NBD: its scale, in periods',
    a Float64 COMMENT 'BG/NBD: of the chance to leave after a purchase',
    b Float64 COMMENT 'BG/NBD: of the chance to stay',
    log_likelihood Float64 COMMENT 'BG/NBD: of all customers',
    repeaters UInt64 COMMENT 'Customers that Gamma-Gamma was fitted to: who came back and spent something',
    p Float64 COMMENT 'Gamma-Gamma: shape of the spending of a customer',
    q Float64 COMMENT 'Gamma-Gamma: shape of how customers differ',
    v Float64 COMMENT 'Gamma-Gamma: scale of how customers differ, in currency',
    spending_log_likelihood Float64 COMMENT 'Gamma-Gamma: of those customers',
    periods UInt32 COMMENT 'Periods ahead that expectations and clv are for',
    discount Float64 COMMENT 'Rate for one period by which later purchases count less'
)
ENGINE = MergeTree
ORDER BY (lane, currency, fitted_at)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Fitted models of customer lifetime value: BG/NBD and Gamma-Gamma';

CREATE TABLE IF NOT EXISTS clv
(
    lane LowCardinality(String) COMMENT 'Run of the stream',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of all amounts of the row',
    person_id String COMMENT 'Person when the model was fitted',
    fitted_at DateTime64(3, 'UTC') COMMENT 'Fit that the row belongs to, see clv_models',
    frequency UInt32 COMMENT 'Days with an order after the first such day',
    recency Float64 COMMENT 'From the first such day to the last, in periods',
    age Float64 COMMENT 'From the first such day to the end of what was observed, in periods',
    p_alive Float64 COMMENT 'Probability that the customer has not gone for good, 0 - 1',
    expected_purchases Float64 COMMENT 'Days with an order expected in the periods ahead',
    expected_value Float64 COMMENT 'What such a day is expected to bring, in currency',
    clv Float64 COMMENT 'Worth of the periods ahead, in currency, discounted'
)
ENGINE = MergeTree
ORDER BY (lane, currency, fitted_at, person_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Customer lifetime value of each person; clv_now has the latest fit';
