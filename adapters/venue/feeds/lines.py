"""Reading a text file line by line in constant memory, plain or gzipped, whatever it contains."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .errors import FeedError

LINE_BYTES_MAX: Final = 1 << 20

_PROGRESS_LINES: Final = 256

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZIP_MAGIC: Final = b"PK\x03\x04"
_BOM: Final = b"\xef\xbb\xbf"


class LineReader:
    """The non-blank lines of the file at *path* as text, without their line ends.

    gzip is recognised by content, a byte order mark at the start is dropped. Raises `FeedError` for a file that cannot
    be opened or unpacked, a line over 1 MiB (before reading it whole) and bytes that are not UTF-8. The file is open
    only while it is iterated.

    `line` is the number of the line read last, `bytes_read` of `total_bytes` how far the file itself (packed, if it is)
    was read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.line = 0
        self.bytes_read = 0
        self.total_bytes = 0

    def __iter__(self) -> Iterator[str]:
        self.line = 0
        try:
            with self.path.open("rb") as file:
                self.total_bytes = file.seek(0, io.SEEK_END)
                file.seek(0)
                yield from self._texts(file)
        except gzip.BadGzipFile as error:
            raise self._damaged() from error
        except (EOFError, zlib.error) as error:
            raise self._damaged() from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise self.error(f"the file could not be read ({reason})", "check the path and its permissions") from error

    def error(self, reason: str, advice: str) -> FeedError:
        """Return the error of the line read last."""
        return FeedError(self.path, self.line or None, reason, advice)

    def _texts(self, file: io.BufferedReader) -> Iterator[str]:
        magic = file.peek(len(_ZIP_MAGIC))
        if magic.startswith(_ZIP_MAGIC):
            raise self.error("the file was a zip archive", "unpack it and give the file inside")
        packed = magic.startswith(_GZIP_MAGIC)
        source = io.BufferedReader(gzip.GzipFile(fileobj=file)) if packed else file
        while raw := source.readline(LINE_BYTES_MAX + 1):
            self.line += 1
            if self.line % _PROGRESS_LINES == 1:
                self.bytes_read = file.tell()
            if len(raw) > LINE_BYTES_MAX:
                raise self.error(f"the line was longer than {LINE_BYTES_MAX} bytes", "is this the right file?")
            if self.line == 1:
                raw = raw.removeprefix(_BOM)
            try:
                text = raw.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise self.error(
                    f"byte {error.start + 1} of the line was not UTF-8", "save the file as UTF-8 text"
                ) from error
            if text and not text.isspace():
                yield text
        self.bytes_read = self.total_bytes

    def _damaged(self) -> FeedError:
        return self.error("the gzip data was damaged or cut short after this line", "fetch the file again")
