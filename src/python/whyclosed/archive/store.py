"""Where an archive lies: a folder of this machine, or an object store."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, cast

from pyarrow import fs


@dataclass(frozen=True)
class Object:
    """A file of an archive."""

    #: Its path below the archive.
    path: str
    size: int


@dataclass
class Store:
    """An archive: a folder, or a URI such as ``s3://captures/2026``.

    Schemes that Arrow knows (``s3:``, ``gs:``, ``abfs:``, ``hdfs:``) need nothing else; others need fsspec.
    """

    root: str
    _filesystem: fs.FileSystem = field(init=False, repr=False)
    _base: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._filesystem, self._base = _resolve(self.root)
        if self.is_local:
            self.root = self._base

    @property
    def is_local(self) -> bool:
        """True if the program can open the files itself."""
        return isinstance(self._filesystem, fs.LocalFileSystem)

    @property
    def title(self) -> str:
        """The last part of its path."""
        return self._base.rstrip("/").rpartition("/")[2]

    def objects(self) -> list[Object]:
        """Returns the files of the archive, in folders however deep, in the order of their paths."""
        selector = fs.FileSelector(self._base, recursive=True)
        found = self._filesystem.get_file_info(selector)
        files = (entry for entry in found if entry.type == fs.FileType.File)
        return sorted((Object(self._below(entry.path), entry.size or 0) for entry in files), key=lambda one: one.path)

    def name(self, path: str) -> str:
        """Returns the name that reports give to the file with this path below the archive: its path, or its URI."""
        return f"{self.root.rstrip('/')}/{path}"

    def beginning(self, path: str, size: int) -> bytes:
        """Returns the first bytes of a file."""
        with self._filesystem.open_input_file(self._inside(path)) as file:
            return cast(bytes, file.read(size))

    def chunks(self, path: str, size: int) -> Iterator[bytes]:
        """Yields the bytes of a file, ``size`` at a time."""
        # Compressed files are passed on as they are.
        with self._filesystem.open_input_stream(self._inside(path), compression=None) as file:
            while chunk := file.read(size):
                yield chunk

    def _inside(self, path: str) -> str:
        return f"{self._base.rstrip('/')}/{path}"

    def _below(self, path: str) -> str:
        return path[len(self._base.rstrip("/")) + 1 :]


def copy(uri: str, target: IO[bytes]) -> None:
    """Copies one file, here or in an object store, such as a key log."""
    filesystem, path = _resolve(uri)
    with filesystem.open_input_stream(path, compression=None) as file:
        while chunk := file.read(1 << 20):
            target.write(chunk)


def _resolve(root: str) -> tuple[fs.FileSystem, str]:
    if "://" not in root:
        return fs.LocalFileSystem(), os.path.abspath(root)
    try:
        filesystem, base = fs.FileSystem.from_uri(root)
    except ValueError:
        return _of_fsspec(root)
    return filesystem, base


def _of_fsspec(root: str) -> tuple[fs.FileSystem, str]:
    try:
        import fsspec
    except ImportError as error:
        raise ValueError(f"{root}: Arrow does not know this scheme, and fsspec is not installed") from error
    found: tuple[Any, str] = fsspec.core.url_to_fs(root)
    filesystem, base = found
    return fs.PyFileSystem(fs.FSSpecHandler(filesystem)), base
