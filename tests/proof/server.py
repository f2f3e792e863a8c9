"""A real server in a process of its own, and clients that put it under load, for the long proofs."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAIDAN = Path(sys.executable).parent / "paidan"
PATIENCE_S = 60
TEXTS = ("空调修了三次还是不制冷", "退款说好三天到账，都一个星期了", "快递一直不动", "发票一直没开", "屏幕碎了一条线")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """`paidan serve` of a workspace, in a process group of its own."""

    home: Path
    model: Path
    workers: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(PAIDAN), "--home", str(self.home), "serve", "--model", str(self.model), "--port", str(self.port)]
        log = (self.home / "server.log").open("ab") if os.access(self.home, os.W_OK) else subprocess.DEVNULL
        self.process = subprocess.Popen(
            [*command, "--workers", str(self.workers)],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        if not isinstance(log, int):
            log.close()
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            assert self.process.poll() is None, "the server did not start; see server.log"
            if self.get("/readyz")[0] == 200:
                return
            time.sleep(0.1)
        raise AssertionError("the server did not become ready; see server.log")

    def kill(self) -> None:
        """`kill -9` of the server and all its workers at once."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def get(self, path: str) -> tuple[int, Any]:
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        """Status and answer; status 0 when there was no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            raw = response.read()
            try:
                return response.status, json.loads(raw)
            except ValueError:
                return response.status, raw
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()


@dataclass
class Load:
    """Clients that send without a pause, each ticket now and then twice, and note what they were told.

    Args:
        told: every answer with status 200, with the text that was sent.
        seen: how often each status was seen; 0 is no answer.
    """

    server: Server
    name: str
    clients: int = 8
    pause: float = 0.0
    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    seen: Counter[int] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for n in range(self.clients):
            thread = threading.Thread(target=self._send, args=(n,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, client: int) -> None:
        count = 0
        while not self._stop.is_set():
            id = f"{self.name}-{client}-{count - (count % 5 == 4)}"
            text = TEXTS[len(id) % len(TEXTS)] + f"，单号{id}"
            status, answer = self.server.post("/v1/classify", {"id": id, "source": "crm", "text": text})
            self.seen[status] += 1
            if status == 200:
                self.told.append((id, text, answer))
            elif status == 0:
                time.sleep(0.05)
            count += 1
            time.sleep(self.pause)
