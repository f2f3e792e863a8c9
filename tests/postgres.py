"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a socket and a free port."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

ACCOUNT = "postgres"
# Faster, and as true for everything but a power cut, which no test can make.
QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")


@dataclass
class Postgres:
    """A cluster that can be stopped, frozen and started again."""

    binaries: Path
    folder: Path
    port: int
    as_root: bool
    made: int = 0
    options: tuple[str, ...] = field(default=QUICK)

    def database(self) -> str:
        """The address of a new, empty database."""
        self.made += 1
        name = f"ledger_{os.getpid()}_{self.made}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as conn:
            conn.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://{ACCOUNT}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        arguments = " ".join([f"-p {self.port}", "-k ''", "-h 127.0.0.1", *self.options])
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", arguments, "start"
        )

    def stop(self) -> None:
        """Stop as a machine that goes down: without waiting for anybody."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def freeze(self) -> None:
        """Leave it running without answering, as a machine that hangs."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def _address(self, name: str) -> str:
        return f"postgresql://{ACCOUNT}@127.0.0.1:{self.port}/{name}"

    def _pids(self) -> list[int]:
        """The cluster's own processes: its first one and that one's children."""
        first = int((self.folder / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        return [first, *map(int, children)]

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        if self.as_root:
            command = ["runuser", "-u", ACCOUNT, "--", *command]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')[-500:]}")


def _binaries() -> Path | None:
    """Where PostgreSQL's programs are: the newest of Debian's versions, else those of the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _refusal(binaries: Path | None) -> str | None:
    if binaries is None:
        return "not run: no PostgreSQL here (initdb is neither on the path nor under /usr/lib/postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(ACCOUNT)
        except KeyError:
            return "not run: PostgreSQL refuses to run as root, and there is no account 'postgres'"
        if shutil.which("runuser") is None:
            return "not run: PostgreSQL refuses to run as root, and there is no runuser"
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_cluster() -> Iterator[Postgres]:
    """A cluster while a test runs. Skips where there can be none, and fails there when CI runs the tests."""
    binaries = _binaries()
    refusal = _refusal(binaries)
    if refusal is not None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(refusal)
        pytest.skip(refusal)
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="paidan-postgres-"))
    as_root = os.geteuid() == 0
    if as_root:
        shutil.chown(folder, ACCOUNT)
    cluster = Postgres(binaries, folder, _free_port(), as_root)
    try:
        data = str(folder / "data")
        cluster._run("initdb", "-D", data, "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One cluster for all tests that leave it running."""
    yield from run_cluster()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A cluster of the test's own, to be stopped."""
    yield from run_cluster()
