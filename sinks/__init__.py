"""What leaves the stream: rows into the warehouse, webhooks to the shop."""
