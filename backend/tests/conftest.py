"""Fixtures for everybody: a database of each kind, empty and migrated."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from contextlib import contextmanager
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
    with postgres_server() as server:
        yield server.url


class PostgresServer:
    """A server of our own on loopback, run by an ordinary user, in a folder that is removed with it."""

    def __init__(self, binaries, folder):
        self._binaries, self._folder, self._port = binaries, folder, free_port()
        self._user = "postgres" if os.geteuid() == 0 else None
        self.url = f"postgresql://tiltyard@127.0.0.1:{self._port}/postgres"

    def make(self):
        if self._user:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-U", "tiltyard", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self):
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-o", options, "-l", str(self._folder / "log"), "-w", "start")

    def stop(self):
        self._run("pg_ctl", "-m", "immediate", "stop")

    def _run(self, program, *arguments):
        run_as(self._user, [f"{self._binaries}/{program}", "-D", str(self._folder / "data"), *arguments])


@contextmanager
def postgres_server():
    """A running server for as long as the block lasts. Skips with a reason where Debian's PostgreSQL is absent."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not binaries:
        pytest.skip("no PostgreSQL: set TEST_POSTGRES_URL or install Debian's postgresql package")
    folder = Path(tempfile.mkdtemp(prefix="tiltyard-postgres-"))
    server = PostgresServer(binaries[-1], folder)
    try:
        server.make()
        server.start()
        yield server
        server.stop()
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
