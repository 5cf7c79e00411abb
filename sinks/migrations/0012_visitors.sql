-- What the collector finds out about the visitor. A bot's events are kept and marked.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS browser LowCardinality(String) COMMENT 'Family of the browser' AFTER user_agent,
    ADD COLUMN IF NOT EXISTS os LowCardinality(String) COMMENT 'Family of the operating system' AFTER browser,
    ADD COLUMN IF NOT EXISTS bot LowCardinality(String) COMMENT 'What a bot was known by: a pattern of crawler-user-agents, or webdriver; empty for a person' AFTER os,
    ADD COLUMN IF NOT EXISTS ip LowCardinality(String) COMMENT 'Network of the visitor, /24 of IPv4 or /48 of IPv6; the whole address is kept nowhere' AFTER bot,
    ADD COLUMN IF NOT EXISTS region LowCardinality(String) COMMENT 'Region by the address, where a geo database is set' AFTER country,
    ADD COLUMN IF NOT EXISTS city LowCardinality(String) COMMENT 'City by the address, where a geo database is set' AFTER region,
    COMMENT COLUMN device_type 'mobile, desktop, tablet, store or bot',
    COMMENT COLUMN country 'Country as the client says, else by the address; ISO 3166 alpha-2';
