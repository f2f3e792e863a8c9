"""`make run` and `make demo`: from nothing to an answer over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
PAIDAN = str(Path(sys.executable).parent / "paidan")
PATIENCE_S = 60
DECISIONS = {"auto": "自动派单", "suggest": "人工选一", "human": "人工处理"}


def main(mode: str) -> int:
    """`run` serves until Ctrl-C; `demo` answers the samples on a free port and leaves."""
    os.environ.setdefault("PAIDAN_HOME", str(ROOT))
    console = Console()
    if not (ROOT / "models" / "champion.json").is_file():
        console.print("no model answers yet: training on the starter set (a minute or two)", highlight=False)
        for command in (["train"], ["promote", "--why", "first model"]):
            if subprocess.run([PAIDAN, *command], cwd=ROOT, check=False).returncode:
                return 1
    port = 8000 if mode == "run" else _free_port()
    if mode == "run" and _taken(port):
        console.print(
            f"port {port} is taken by another program. Stop it, or: {PAIDAN} serve --port 8080", highlight=False
        )
        return 1
    server = subprocess.Popen([PAIDAN, "serve", "--port", str(port)], cwd=ROOT)
    try:
        if not _ready(server, port):
            console.print("the server did not become ready; its message stands above", highlight=False)
            return 1
        return _run(server, port, console) if mode == "run" else _demo(port, console)
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(server)


def _run(server: subprocess.Popen[bytes], port: int, console: Console) -> int:
    message = {"id": "T-1", "channel": "phone", "text": "空调修了三次还是不制冷，师傅每次都说好了"}
    address = f"http://127.0.0.1:{port}/v1/classify"
    console.print(
        f"\ncurl -s {address} -H 'Content-Type: application/json' -d '{json.dumps(message, ensure_ascii=False)}'\n",
        highlight=False,
        soft_wrap=True,
    )
    console.print_json(json.dumps(_post(address, message), ensure_ascii=False))
    console.print(
        f"\nserving http://127.0.0.1:{port} · docs at /docs · figures at /metrics · Ctrl-C ends it", highlight=False
    )
    return server.wait()


def _demo(port: int, console: Console) -> int:
    lines = (ROOT / "datasets" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [json.loads(line) for line in lines if line.strip()]
    found = _post(
        f"http://127.0.0.1:{port}/v1/classify/batch", {"messages": [{**sample, "dry_run": True} for sample in samples]}
    )
    table = Table(title=f"{len(samples)} 条留言", show_lines=True)
    table.add_column("留言", ratio=1, overflow="fold")
    table.add_column("回答", ratio=1, overflow="fold")
    for sample, result in zip(samples, found["results"], strict=True):
        table.add_row(sample["text"], _told(result))
    console.print(table)
    console.print(
        f"{found['answered']} answered, {found['refused']} refused by {found['results'][0]['answer']['model']}",
        highlight=False,
    )
    return 0 if found["refused"] == 0 else 1


def _told(result: dict[str, Any]) -> str:
    """One answer in three short lines: what, how urgent and how sure, who and by when."""
    answer = result.get("answer")
    if answer is None:
        return str(result["error"]["detail"])
    tag, kind, route = answer["tag"], answer["kind"], answer["route"]
    what = f"{tag['name']}  {tag['probability']:.2f}" if tag else "–"
    how = f"{answer['urgency']['name']} · {kind['name'] if kind else '–'} · {DECISIONS.get(answer['would_be'], answer['would_be'])}"
    due = route["respond_by"][5:16].replace("T", " ")
    return f"{what}\n{how}（{answer['reason']}）\n{route['proposed']['name']} · {due} 前响应"


def _post(address: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def _ready(server: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
