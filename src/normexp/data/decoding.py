"""Bytes to text: by their byte order mark, by the encoding that is named, or else as UTF-8."""

from __future__ import annotations

import codecs

# UTF-32's little-endian mark begins with UTF-16's.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def decoded(data: bytes, name: str, encoding: str | None = None) -> str:
    r"""Return the text of the file `name`; a byte order mark tells more than `encoding`.

    Raises
    ------
    ValueError
        If the bytes are not of that encoding, or the text holds NUL, which no table does.

    Examples
    --------
    >>> decoded("\ufeffé".encode("utf-16-le"), "t.csv"), decoded(b"\xe9", "t.csv", "cp1252")
    ('é', 'é')
    """
    mark = next((mark for mark in MARKS if data.startswith(mark)), b"")
    chosen = MARKS.get(mark) or encoding or "utf-8"
    data = data[len(mark) :]
    nul = f"{name} holds a NUL in line {{}}, which no text does: it is binary" + (
        "" if mark or encoding else ", or in an encoding to be named with encoding=, as 'utf-16'"
    )
    if chosen == "utf-8" and (at := data.find(0)) >= 0:  # before what else may be wrong with it
        raise ValueError(nul.format(line_at(data[:at].decode("latin-1"), at)))
    try:
        text = data.decode(chosen)
    except (LookupError, TypeError) as error:
        raise ValueError(
            f"encoding: expected a name such as 'cp1252', 'latin-1' or 'utf-16', got {encoding!r}"
        ) from error
    except UnicodeDecodeError as error:
        known = data[: error.start].decode(chosen, errors="replace")
        advice = "" if mark or encoding else "; name its encoding with encoding=, such as 'cp1252'"
        raise ValueError(
            f"{name} is not text in {chosen.upper()}: byte 0x{data[error.start]:02X} in "
            f"line {line_at(known, len(known))}, {error.reason}{advice}"
        ) from error
    if (at := text.find("\0")) >= 0:
        raise ValueError(nul.format(line_at(text, at)))
    return text


def line_at(text: str, offset: int) -> int:
    r"""Return the number of the line, the first being 1, in which `offset` lies.

    >>> line_at("a\r\nb\rc", 5)
    3
    """
    returns = text.count("\r", 0, offset) - text.count("\r\n", 0, offset)
    return 1 + text.count("\n", 0, offset) + returns
