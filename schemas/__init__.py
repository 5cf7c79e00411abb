"""One place that says what data looks like: the event catalogue, the lines of every topic, topics and tables."""
