"""One process a data folder: a lock that dies with its holder, so that a killed process never blocks the next start."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_NAME = "tiltyard.lock"


class FolderInUseError(Exception):
    """Another process holds this data folder; the text names its pid."""


class FolderUnusableError(Exception):
    """The data folder can't be made or written; the text says why."""


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Hold the folder for as long as the block lasts. Raises FolderInUseError or FolderUnusableError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise FolderUnusableError(f"DATA_DIR {folder} can't be used: {error.strerror}. Choose a folder that you may write to.") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            message = f"DATA_DIR {folder} is in use by the arena with pid {holder}. Stop it first, or set another DATA_DIR."
            raise FolderInUseError(message) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
