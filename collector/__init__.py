"""Intake over HTTP: decode, validate, stamp, pack into Kafka; answered only when Kafka has it."""
