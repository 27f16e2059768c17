"""Runs the program and streams its Arrow output."""

import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa

from whyclosed import program
from whyclosed.errors import CaptureWarning, WhyclosedError

#: The most of standard error that is kept: its end, where errors stand.
_KEPT = 64 * 1024

#: The exit code of a run that could not read some of its captures, or nothing at all.
_FAULTY = 2


def run(
    arguments: Sequence[str],
    *,
    tolerant: bool = False,
    feed: Callable[[IO[bytes]], None] | None = None,
    folder: Path | None = None,
) -> pa.RecordBatchReader:
    """Runs the program with these arguments and returns the Arrow stream that it writes to standard output.

    The program runs while the reader is read, and is ended when the reader is closed or forgotten before that. ``feed``
    writes to its standard input, from a thread of its own; without it, there is none. The program runs in ``folder``.

    Raises:
        WhyclosedError: with what the program printed, if it wrote no stream; from the reader, after the last batch, if it
            failed later. If it could not read some of its captures and ``tolerant`` is set, that is a `CaptureWarning`.
    """
    standard_input = subprocess.DEVNULL if feed is None else subprocess.PIPE
    pipe = subprocess.PIPE
    command = [program.find(), *arguments]
    process = subprocess.Popen(command, stdin=standard_input, stdout=pipe, stderr=pipe, cwd=folder)
    assert process.stdout is not None and process.stderr is not None
    said = _Said(process.stderr)
    if feed is not None:
        assert process.stdin is not None
        threading.Thread(target=_fed, args=(feed, process.stdin), daemon=True).start()
    try:
        stream = pa.ipc.open_stream(process.stdout)
    except BaseException as error:
        end(process)
        if isinstance(error, pa.ArrowInvalid):
            raise WhyclosedError(said.text() or str(error), process.returncode) from error
        raise
    return pa.RecordBatchReader.from_batches(stream.schema, _batches(process, stream, said, tolerant))


def _batches(
    process: "subprocess.Popen[bytes]", stream: pa.RecordBatchReader, said: "_Said", tolerant: bool
) -> Iterator[pa.RecordBatch]:
    try:
        try:
            yield from stream
        except pa.ArrowException as error:
            # The stream ends in the middle: the program was killed, or failed.
            raise WhyclosedError(said.text() or str(error), process.wait()) from error
        code = process.wait()
        if code == _FAULTY and tolerant:
            warnings.warn(said.text(), CaptureWarning, stacklevel=2)
        elif code != 0:
            raise WhyclosedError(said.text() or f"whyclosed ended with exit code {code}", code)
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a program, if it still runs, and closes what is left of its pipes."""
    if process.stdout is not None:
        process.stdout.close()
    if process.poll() is None:
        process.kill()
    process.wait()


class _Said:
    """What the program prints on standard error. It is read all the time, so that the program never waits for it."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._end = b""
        self._reading = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._reading.start()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._end = (self._end + line)[-_KEPT:]

    def text(self) -> str:
        """Waits until the program has closed it, and returns the text."""
        self._reading.join()
        return self._end.decode(errors="replace").strip()


def _fed(feed: Callable[[IO[bytes]], None], pipe: IO[bytes]) -> None:
    try:
        with pipe:
            feed(pipe)
    except BrokenPipeError:
        pass  # The program wants no more; its exit code says why.
