"""The upload handler of the examples, on a real server over loopback."""

from __future__ import annotations

import asyncio
import http.client
import importlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import thumbs

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def upload(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("starlette")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    sys.modules.pop("upload", None)
    return importlib.import_module("upload")


@pytest.fixture
def port(upload: Any) -> Iterator[int]:
    uvicorn = pytest.importorskip("uvicorn")
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(upload.app, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def post(port: int, body: bytes, query: str = "", headers: dict[str, str] | None = None) -> tuple[int, str, bytes]:
    """Posts a body. The status, type and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", f"/thumbnail?{query}", body, headers or {})
    answer = connection.getresponse()
    result = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return result


def test_an_upload_gets_its_thumbnail(port: int, photo: Path) -> None:
    status, kind, body = post(port, photo.read_bytes(), "size=100&format=webp&quality=70")
    assert (status, kind) == (200, "image/webp")
    assert body == thumbs.thumbnail(photo, 100, format="webp", quality=70).bytes


def test_many_uploads_at_once_get_each_their_own(port: int, photos: Path) -> None:
    paths = [path for path in sorted(photos.iterdir()) if path.name != "retina.jpg"] * 8
    with ThreadPoolExecutor(24) as clients:
        answers = list(clients.map(lambda path: post(port, path.read_bytes(), "size=64"), paths))
    for path, (status, _, body) in zip(paths, answers, strict=True):
        assert status == 200
        assert body == thumbs.thumbnail(path, 64).bytes


def test_a_bad_upload_gets_a_reason(port: int, photo: Path) -> None:
    content = photo.read_bytes()
    wanted = [
        (b"not a picture", "", 415, "not a picture"),
        (b"", "", 415, "empty"),
        (content[:2000], "", 422, "truncated"),
        (content, "quality=many", 400, "many"),
        (content, "quality=400", 400, "quality"),
        (content, "size=-3", 400, "size"),
        (content, "size=10,20", 400, "one size"),
        (content, "format=bmp", 400, "format"),
    ]
    for body, query, status, reason in wanted:
        got, kind, text = post(port, body, query)
        assert (got, kind) == (status, "text/plain; charset=utf-8"), (query, text)
        assert reason in text.decode(), text
    assert post(port, content)[0] == 200


def test_an_oversized_body_is_refused_before_it_is_read(upload: Any, port: int, photo: Path) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        head = f"POST /thumbnail HTTP/1.1\r\nHost: localhost\r\nContent-Length: {upload.MAX_BODY + 1}\r\n\r\n"
        client.sendall(head.encode())
        assert b" 413 " in client.recv(4096)
    # Without a length, while it comes.
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"POST /thumbnail HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        sent = 0
        answer = b""
        client.setblocking(True)
        try:
            while sent < 8 * upload.MAX_BODY:
                client.sendall(chunk)
                sent += len(chunk)
        except OSError:
            # The server has closed the connection.
            pass
        try:
            answer = client.recv(4096)
        except OSError:
            pass
        assert sent < 4 * upload.MAX_BODY
        assert b" 413 " in answer or not answer
    assert post(port, photo.read_bytes())[0] == 200


def test_a_picture_over_the_limits_is_refused(upload: Any, port: int, photo: Path) -> None:
    upload.LIMITS["max_pixels"] = 1000
    status, _, reason = post(port, photo.read_bytes())
    assert status == 413
    assert b"max_pixels" in reason


def test_a_client_that_leaves_ends_its_decoder(
    upload: Any, port: int, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, cancelled = threading.Semaphore(0), threading.Semaphore(0)
    true_render = thumbs.render_async

    async def slow(body: bytes, *_: Any, **__: Any) -> Any:
        began.release()
        try:
            # Minutes of work, if nobody ended it.
            return await true_render(body, [(400 + n, 400 + n) for n in range(500)], ["webp"], effort=9)
        except asyncio.CancelledError:
            cancelled.release()
            raise

    monkeypatch.setattr(thumbs, "render_async", slow)
    body = (photos / "hubble.jpg").read_bytes()
    clients = []
    for _ in range(6):
        client = socket.create_connection(("127.0.0.1", port), timeout=60)
        client.sendall(f"POST /thumbnail HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        client.sendall(body)
        assert began.acquire(timeout=60)
        clients.append(client)
    # The decoders work.
    time.sleep(0.2)
    for client in clients:
        client.close()
    for _ in clients:
        assert cancelled.acquire(timeout=60)
    monkeypatch.setattr(thumbs, "render_async", true_render)
    assert post(port, (photos / "chelsea.jpg").read_bytes(), "size=16")[0] == 200
