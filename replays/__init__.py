"""Reads logs of shops into Segment messages. Every row of a file becomes one message or one reject with its reason; nothing is repaired."""
