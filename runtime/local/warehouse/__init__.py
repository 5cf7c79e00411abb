"""ClickHouse (as chDB) in one process, behind ClickHouse's HTTP protocol: `python -m runtime.local.warehouse --path FOLDER`."""
