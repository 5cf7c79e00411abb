"""The protocols in which clients speak, one a file: each turns a request into calls of one neutral shape, `collector.call.Call`."""
