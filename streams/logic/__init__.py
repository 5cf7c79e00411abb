"""What the stream knows and decides, as plain functions of state, event and time: no engine, no clock."""
