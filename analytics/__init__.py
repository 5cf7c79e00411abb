"""Models of what customers will do: numbers in, numbers out. No warehouse, no clock, no settings."""
