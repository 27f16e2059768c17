"""Hands objects of a store to the program as named pipes, so that nothing is copied to disk.

The program runs in a private folder, in which a pipe has the name of each object: `s3://captures/a/t_00001.pcap` is a
relative path like any other. So its reports name the objects, and not the pipes.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from whyclosed.archive.store import Store

_CHUNK = 1 << 20


@contextmanager
def pipes(store: Store, paths: Sequence[str]) -> Iterator[tuple[Path, list[BaseException]]]:
    """Makes a folder with a named pipe for each object, into which its bytes are written when the program opens it.

    Yields the folder, and a list to which failures of the store are added: the program takes them for files that are cut.
    Everything is gone at the end.
    """
    failures: list[BaseException] = []
    with TemporaryDirectory(prefix="whyclosed-") as made:
        folder = Path(made)
        fifos = [folder / store.name(path) for path in paths]
        for fifo in fifos:
            fifo.parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(fifo, 0o600)
        threads = [
            threading.Thread(target=_written, args=(store, path, fifo, failures), daemon=True)
            for path, fifo in zip(paths, fifos)
        ]
        for thread in threads:
            thread.start()
        try:
            yield folder, failures
        finally:
            # Where the program has ended before it opened a pipe, its thread still waits for a reader.
            for thread, fifo in zip(threads, fifos):
                while thread.is_alive():
                    os.close(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
                    thread.join(0.05)


def _written(store: Store, path: str, fifo: Path, failures: list[BaseException]) -> None:
    try:
        with open(fifo, "wb", buffering=0) as pipe:
            try:
                for chunk in store.chunks(path, _CHUNK):
                    left = memoryview(chunk)
                    while left:
                        left = left[pipe.write(left) :]
            except BrokenPipeError:
                raise
            except BaseException as error:
                # It has to be known before the program takes the end of the pipe for that of the file.
                failures.append(error)
    except BrokenPipeError:
        pass  # The program wants no more of it.
