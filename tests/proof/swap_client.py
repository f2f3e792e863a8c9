"""Clients in a process of their own: each sends one message after another on one connection and notes what came.

`python swap_client.py PORT CLIENTS SECONDS OUT` writes one line a request: start, end, status, model.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

TEXTS = ("空调修了三次还是不制冷", "退款说好三天到账，都一个星期了", "快递一直不动", "发票一直没开", "手机冒烟了")


async def client(port: int, name: int, end: float, lines: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.time() < end:
        count += 1
        body = json.dumps({"id": f"c{name}-{count}", "text": TEXTS[count % len(TEXTS)]}).encode()
        start = time.time()
        try:
            writer.write(
                b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            )
            answer = json.loads(await reader.readexactly(length))
            model = answer.get("model", "")
        except (OSError, asyncio.IncompleteReadError, StopIteration):
            status, model = 0, ""
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines.append(f"{start:.6f} {time.time():.6f} {status} {model}\n")
    writer.close()


async def main(port: int, clients: int, seconds: float, out: Path) -> None:
    lines: list[str] = []
    end = time.time() + seconds
    await asyncio.gather(*(client(port, name, end, lines) for name in range(clients)))
    out.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])))
