"""How long the event loop of the upload example stands still while it renders.

python loop.py [--uploads 200] [--clients 8] PICTURE

Clients in a process of their own post the picture. A task on the server's loop sleeps for a millisecond again and again, and
notes how much later it wakes: while the server is idle, while it receives uploads and answers without rendering, and while it
renders. What receiving takes of the loop is the server's own work.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import uvicorn

import thumbs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))

from tree import processor
from upload import app

CLIENTS = """
import http.client, sys
from concurrent.futures import ThreadPoolExecutor
port, uploads, clients, path = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
body = open(path, "rb").read()
def post(_):
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.request("POST", "/thumbnail", body)
    answer = client.getresponse()
    content = answer.read()
    assert answer.status == 200 and content
    return len(content)
with ThreadPoolExecutor(clients) as pool:
    print(len(list(pool.map(post, range(uploads)))))
"""


async def pauses(over: asyncio.Event) -> list[float]:
    """How much later than asked the loop wakes, in milliseconds."""
    late: list[float] = []
    while not over.is_set():
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - begun - 0.001) * 1000)
    return late


async def during(work: asyncio.Future[object] | asyncio.Task[object]) -> list[float]:
    over = asyncio.Event()
    watching = asyncio.create_task(pauses(over))
    await work
    over.set()
    return await watching


async def measure(uploads: int, count: int, picture: Path) -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def post() -> None:
        words = [sys.executable, "-c", CLIENTS, str(port), str(uploads), str(count), str(picture)]
        clients = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE)
        assert int((await clients.communicate())[0]) == uploads

    prepared = await thumbs.render_async(picture)

    async def receive() -> None:
        render = thumbs.render_async

        async def answer(*_: object, **__: object) -> list[thumbs.Output]:
            return prepared

        thumbs.render_async = answer  # type: ignore[assignment]
        await post()
        thumbs.render_async = render

    await post()
    print(f"{date.today()}, {processor()}, {uploads} uploads of {picture.stat().st_size:,} bytes, {count} at a time\n")
    print("| event loop | median, ms | 99 % | worst, ms |\n| --- | --- | --- | --- |")
    for name, work in (("idle", asyncio.sleep(5)), ("receiving", receive()), ("rendering", post())):
        begun = time.perf_counter()
        late = sorted(await during(asyncio.ensure_future(work)))
        took = time.perf_counter() - begun
        print(f"| {name}, {took:.1f} s | {late[len(late) // 2]:.2f} | {late[len(late) * 99 // 100]:.2f} | {late[-1]:.2f} |")
    server.should_exit = True
    await serving


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("picture", type=Path)
    given = parser.parse_args()
    asyncio.run(measure(given.uploads, given.clients, given.picture.resolve()))
