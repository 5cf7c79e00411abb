"""The analyst: a user of the warehouse who reads everything and changes nothing, within limits of memory and time.

The embedded ClickHouse enforces this itself; on a server it becomes a settings profile (sinks/users.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.settings import Settings

NAME = "analyst"

# What `readonly = 1` would refuse, though clients and BI tools send it and it only shapes an answer. CHANGEABLE_IN_READONLY on a server.
CHANGEABLE = (
    "async_insert",
    "cancel_http_readonly_queries_on_client_close",
    "cast_keep_nullable",
    "date_time_output_format",
    "enable_http_compression",
    "extremes",
    "final",
    "format_csv_delimiter",
    "http_headers_progress_interval_ms",
    "http_response_buffer_size",
    "http_write_exception_in_output_format",
    "http_zlib_compression_level",
    "join_use_nulls",
    "limit",
    "log_comment",
    "max_block_size",
    "max_result_bytes",
    "max_result_rows",
    "max_threads",
    "offset",
    "output_format_arrow_compression_method",
    "output_format_arrow_string_as_string",
    "output_format_binary_write_json_as_string",
    "output_format_json_named_tuples_as_objects",
    "output_format_json_quote_64bit_integers",
    "output_format_json_quote_decimals",
    "output_format_json_quote_denormals",
    "output_format_native_write_json_as_string",
    "output_format_parquet_compression_method",
    "output_format_parquet_string_as_string",
    "output_format_pretty_color",
    "output_format_pretty_max_rows",
    "result_overflow_mode",
    "send_progress_in_http_headers",
    "session_timezone",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one query: memory, time. `queries` run at a time."""

    memory_bytes: int
    max_s: int
    queries: int


def limits_of(settings: Settings) -> Limits:
    return Limits(settings.analyst_memory_mib << 20, settings.analyst_max_s, settings.analyst_queries)
