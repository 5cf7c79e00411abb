"""Everything cartwake needs, on one machine without Docker: Kafka, ClickHouse, and a supervisor that runs them and our own processes."""
