"""One process a data folder: the second is refused by the first one's pid, and a killed holder never blocks the next start."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.store.data_folder import LOCK_NAME, FolderInUseError, FolderUnusableError, hold_folder

BACKEND = Path(__file__).parents[2]
HOLD = """
import sys, pathlib
from app.store.data_folder import hold_folder
with hold_folder(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=BACKEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_with_the_pid_of_the_first(tmp_path, holder):
    with pytest.raises(FolderInUseError, match=rf"pid {holder.pid}\b"), hold_folder(tmp_path):
        pass


def test_a_killed_holder_does_not_block_the_next(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with hold_folder(tmp_path):
        assert (tmp_path / LOCK_NAME).read_text() == f"{os.getpid()}\n"


def test_a_folder_is_made_when_it_is_missing_and_free_again_afterwards(tmp_path):
    for _ in range(2):
        with hold_folder(tmp_path / "new" / "folder"):
            pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnusableError, match=r"file.*can't be used"), hold_folder(tmp_path / "file" / "below"):
        pass
