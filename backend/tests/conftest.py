"""Fixtures for everybody: a database of each kind, empty and migrated."""

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from app.store.database import Database


@pytest.fixture(scope="session")
def postgres_url():
    """URL of a PostgreSQL server: TEST_POSTGRES_URL, or one of Debian's started for this run. Skips with a reason without one."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not binaries:
        pytest.skip("no PostgreSQL: set TEST_POSTGRES_URL or install Debian's postgresql package")
    folder = Path(tempfile.mkdtemp(prefix="tiltyard-postgres-"))
    port = free_port()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    try:
        run_as(user, [f"{binaries[-1]}/initdb", "-D", str(folder / "data"), "-U", "tiltyard", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run_as(user, [f"{binaries[-1]}/pg_ctl", "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start"])
        yield f"postgresql://tiltyard@127.0.0.1:{port}/postgres"
        run_as(user, [f"{binaries[-1]}/pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_as(user, command):
    full = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command] if user else command
    done = subprocess.run(full, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        pytest.skip(f"PostgreSQL can't be started here: {command[0]}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request, tmp_path):
    """URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{server.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def database(database_url):
    """A migrated database of each kind."""
    opened = await Database.open(database_url)
    await opened.migrate()
    yield opened
    await opened.close()
