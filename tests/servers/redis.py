"""A private Redis without persistence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
import redis

from tests.servers.process import HOST, ServerProcess, find_binary, free_port, make_folder


class RedisServer:
    """One `redis-server` on loopback; stopping it loses its data, as a crash of ours may."""

    def __init__(self) -> None:
        program = find_binary("redis-server", "apt-get install redis-server")
        self._folder = make_folder("redis")
        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        command = [program, "--bind", HOST, "--port", str(self.port), "--save", "", "--appendonly", "no"]
        command += ["--dir", str(self._folder)]
        self._process = ServerProcess(command, self.port, log=self._folder / "log")

    def start(self) -> None:
        """Starts, or starts again and empty, on the same port."""
        self._process.start()

    def stop(self) -> None:
        """Stops the server and cuts every connection."""
        self._process.stop()

    def empty(self) -> None:
        """Deletes every key, after starting the server again when a test had stopped it."""
        if not self._process.running:
            self.start()
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def remove(self) -> None:
        """Stops the server and deletes its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _redis_of_this_run() -> Iterator[RedisServer]:
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def redis_server(_redis_of_this_run: RedisServer) -> RedisServer:
    """An empty running Redis, one process for the whole run; a test may stop and start it."""
    _redis_of_this_run.empty()
    return _redis_of_this_run


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Address of an empty Redis, as arq takes it."""
    return redis_server.url
