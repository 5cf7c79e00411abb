"""What a pipeline asks of the logic it runs."""

from typing import Protocol

from streams.logic.output import Output


class Stage(Protocol):
    """The logic of one input partition. It holds the partition's state and is thrown away when a transaction fails."""

    partition: int  # set by the pipeline before anything else

    def load(self, key: bytes, value: bytes) -> None:
        """Take back one entry of the changelog; called for the latest value of each key."""

    def restored(self) -> None:
        """The changelog has been read to its end."""

    def on_record(self, kind: str, value: bytes, out: Output) -> None:
        """Apply one record."""

    def flush(self, out: Output) -> bool:
        """End a batch: emit rows and state. True asks for another, empty batch at once."""
