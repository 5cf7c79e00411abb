"""What was acknowledged while Kafka was away: on disk, until Kafka has it."""
