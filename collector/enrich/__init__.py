"""What the collector finds out about an event beyond what the client says: browser, bot, address, place."""
