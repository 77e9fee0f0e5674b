"""Where the reference vectors and the recorded market are, and the skip that says so where they are not."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
REFERENCE_DIR = Path(os.environ.get("REFERENCE_DIR", REPOSITORY.parent / "shared" / "reference"))
REAL_DIR = Path(os.environ.get("REAL_DIR", REPOSITORY.parent / "shared" / "real"))


def reference_file(name):
    """Path of a reference file; skips the test where it is absent."""
    path = REFERENCE_DIR / name
    if not path.is_file():
        pytest.skip(f"no {name} in REFERENCE_DIR ({REFERENCE_DIR})")
    return path


def real_folder(name):
    """Path of a folder of recorded data; skips the test where it is absent."""
    path = REAL_DIR / name
    if not path.is_dir():
        pytest.skip(f"no {name} in REAL_DIR ({REAL_DIR})")
    return path
