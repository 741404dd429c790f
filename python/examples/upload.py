"""An upload handler: a client posts a picture, and gets a thumbnail back.

    pip install starlette uvicorn
    uvicorn upload:app
    curl --data-binary @photo.jpg "localhost:8000/thumbnail?size=400&format=webp" -o small.webp

The event loop only moves bytes. A client that leaves ends its decoder. FastAPI is Starlette: there, the same function is a
route that takes `request: Request`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import thumbs

MAX_BODY = 20 << 20
"""Bytes of an upload."""

LIMITS: dict[str, Any] = {"max_pixels": 100_000_000, "memory": "1G"}
"""What a small file may grow to."""

uploads = asyncio.Semaphore(32)
"""Bodies in memory at once. Further clients wait before their bodies are read."""

Result = TypeVar("Result")


class Refused(Exception):
    """An upload that gets a status and a reason instead of a thumbnail."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def body_of(request: Request) -> bytes:
    """The body. It is refused as soon as it is over the limit, not when it is in memory."""
    too_large = Refused(413, f"an upload has at most {MAX_BODY} bytes")
    if int(request.headers.get("content-length", 0)) > MAX_BODY:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > MAX_BODY:
            raise too_large
        body += chunk
    return bytes(body)


async def while_connected(request: Request, work: Awaitable[Result]) -> Result:
    """Awaits work, and cancels it if the client leaves."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working = asyncio.ensure_future(work)
    leaving = asyncio.create_task(gone())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        for task in (working, leaving):
            task.cancel()


async def render(request: Request) -> thumbs.Output:
    """The thumbnail that a request asks for."""
    query = request.query_params
    async with uploads:
        body = await body_of(request)
        try:
            quality = int(query.get("quality", "80"))
            size, format = query.get("size", "800x600"), query.get("format", "keep")
            work = thumbs.render_async(body, [size], [format], quality=quality, **LIMITS)  # type: ignore[list-item]
            outputs = await while_connected(request, work)
        except thumbs.UnsupportedFormat as error:
            raise Refused(415, error.reason) from error
        except thumbs.TooLarge as error:
            raise Refused(413, error.reason) from error
        except thumbs.Error as error:
            raise Refused(422, error.reason) from error
        except (TypeError, ValueError) as error:
            raise Refused(400, str(error)) from error
    if len(outputs) != 1:
        raise Refused(400, "one size and one format")
    return outputs[0]


async def thumbnail(request: Request) -> Response:
    """`POST /thumbnail?size=800x600&format=webp&quality=80`, with the picture as the body."""
    try:
        output = await render(request)
    except Refused as refused:
        # The rest of a refused body is not read, so the connection cannot be used again.
        return PlainTextResponse(f"{refused}\n", refused.status, {"Connection": "close"})
    except ClientDisconnect:
        return Response(status_code=499)
    return Response(output.bytes, media_type=f"image/{output.format}")


app = Starlette(routes=[Route("/thumbnail", thumbnail, methods=["POST"])])
