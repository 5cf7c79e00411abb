r"""Half of a character: what a client makes of an emoji when it cuts a text in the middle of one.

A browser writes it as `"\ud83d"`, half of a surrogate pair, which has no meaning in UTF-8: one such title would cost its whole batch.
"""

import re

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def mended(text: bytes) -> bytes:
    """JSON with the replacement character in place of each half; everything else as it was."""
    if b"\\" not in text or (b"\\ud" not in text and b"\\uD" not in text):  # the first is by far the quickest to see
        return text
    return _ESCAPES.sub(lambda found: b"\\ufffd" if found["half"] else found[0], text)
