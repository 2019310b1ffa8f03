"""The review's web application: the page, its pictures, and the endpoint for decisions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from datakit.errors import DatakitError, OutputError
from datakit.pages.request_filter import RequestFilter
from datakit.pages.review_queue import Ask, ReviewQueue
from datakit.pages.subject import Subject
from datakit.pages.tool_use import ToolUse

ASSETS = {
    "icon.svg": "image/svg+xml",
    "review.css": "text/css",
    **{
        f"{name}.js": "text/javascript"
        for name in (
            *("app", "brush", "details", "faces", "keys", "layers", "lens", "list", "neighbours"),
            *("pace", "palette", "pending", "pictures", "pointing", "queue", "repairs"),
            *("stage", "tools", "vertices"),
        )
    },
}
"""Everything that the page loads; no other file can be asked for."""

MOST_BODY_BYTES = 64 << 20
MOST_AHEAD = 2


def make_app(review: ReviewQueue, token: str, port: int) -> RequestFilter:
    """Return the application behind its request filter.

    Parameters
    ----------
    review : ReviewQueue
        What it shows and where decisions go.
    token : str
        The first part of every address.
    port : int
        Where it will listen.
    """

    def shown(request: Request) -> tuple[Subject, str | None]:
        """Return which sample is asked for, and with which edit."""
        edit = request.query_params.get("edit") or None
        return review.subject(request.path_params["at"]), edit

    async def page(request: Request) -> Response:
        return Response(_asset("review.html"), media_type="text/html")

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return PlainTextResponse("404: no such file\n", status_code=404)
        return Response(_asset(name), media_type=ASSETS[name])

    async def queue(request: Request) -> Response:
        return _json(await run_in_threadpool(review.queue))

    async def details(request: Request) -> Response:
        at = request.path_params["at"]
        soon = [int(one) for one in request.query_params.getlist("next") if one.isdecimal()]
        # Whoever looks at a sample may use a tool on it, and then on those that come next.
        review.prepare([at, *soon[:MOST_AHEAD]])
        return await _answer(lambda: _json(review.details(at)))

    async def image(request: Request) -> Response:
        def read() -> Response:
            data, kind = review.image(request.path_params["at"])
            return Response(data, media_type=kind)

        return await _answer(read)

    async def counterpart(request: Request) -> Response:
        def read() -> Response:
            data, kind = review.counterpart(request.path_params["at"])
            return Response(data, media_type=kind)

        return await _answer(read)

    async def thumbnail(request: Request) -> Response:
        def read() -> Response:
            data = review.thumbnail(request.path_params["at"])
            return Response(data, media_type="image/jpeg")

        return await _answer(read)

    async def label(request: Request) -> Response:
        return await _answer(lambda: _png(review.labels.overlay(*shown(request))))

    async def before(request: Request) -> Response:
        return await _answer(lambda: _png(review.labels.before(shown(request)[0])))

    async def unknown(request: Request) -> Response:
        return await _answer(lambda: _png(review.labels.unknown(*shown(request))))

    async def colours(request: Request) -> Response:
        return await _answer(lambda: _png(review.labels.colours(*shown(request))))

    async def outline(request: Request) -> Response:
        return await _answer(lambda: _json(review.labels.outline(*shown(request))))

    async def decide(request: Request) -> Response:
        body = await _body(request)

        def write() -> Response:
            return _json(msgspec.json.encode(review.decide(msgspec.json.decode(body, type=Ask))))

        return await _answer(write)

    async def paint(request: Request) -> Response:
        query, body = request.query_params, await _body(request)

        def write() -> Response:
            at_xy = int(query["x"]), int(query["y"])
            mark, class_name = int(query.get("mark", 0)), query.get("class_name", "")
            state = review.paint(query["id"], body, at_xy, mark, class_name)
            return _json(msgspec.json.encode(state))

        return await _answer(write)

    async def tool(request: Request) -> Response:
        body = await _body(request)

        def write() -> Response:
            use = msgspec.json.decode(body, type=ToolUse)
            return _json(msgspec.json.encode(review.use_tool(use)))

        return await _answer(write)

    async def preview(request: Request) -> Response:
        query = request.query_params
        return await _answer(
            lambda: _json(msgspec.json.encode(review.preview_repair(query["id"], query["repair"])))
        )

    routes = [
        Route("/", page),
        Route("/assets/{name}", asset),
        Route("/api/queue", queue),
        Route("/api/sample/{at:int}", details),
        Route("/image/{at:int}", image),
        Route("/counterpart/{at:int}", counterpart),
        Route("/thumb/{at:int}", thumbnail),
        Route("/label/{at:int}", label),
        Route("/before/{at:int}", before),
        Route("/unknown/{at:int}", unknown),
        Route("/colours/{at:int}", colours),
        Route("/api/outline/{at:int}", outline),
        Route("/api/decide", decide, methods=["POST"]),
        Route("/api/paint", paint, methods=["POST"]),
        Route("/api/preview", preview),
        Route("/api/tool", tool, methods=["POST"]),
    ]
    return RequestFilter(Starlette(routes=routes), token, port)


async def _answer(work: Callable[[], Response]) -> Response:
    """Do what reads or writes files in a thread, and tell what is wrong in one sentence."""
    try:
        return await run_in_threadpool(work)
    except OutputError as error:
        # The page keeps the decision and tries again: there may be room later.
        return PlainTextResponse(f"{error}\n", status_code=507)
    except DatakitError as error:
        return PlainTextResponse(f"{error}\n", status_code=404)
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        return PlainTextResponse(f"400: {error}\n", status_code=400)


async def _body(request: Request) -> bytes:
    """Read a request's body; one that is too large is cut off and will not decode."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY_BYTES:
            return b""
        parts.append(part)
    return b"".join(parts)


@cache
def _asset(name: str) -> bytes:
    return (files("datakit.pages") / "static" / name).read_bytes()


def _json(data: bytes) -> Response:
    return Response(data, media_type="application/json")


def _png(data: bytes) -> Response:
    return Response(data, media_type="image/png")


def serve(app: Any, listener: Any) -> None:
    """Answer requests on a bound socket until the process is asked to end."""
    import uvicorn

    from datakit.pages.connections import BACKLOG, LimitedProtocol, limit_logs

    limit_logs()
    config = uvicorn.Config(
        app,
        http=LimitedProtocol,
        backlog=BACKLOG,
        log_config=None,
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        # Ctrl-C is how a person ends it.
        return
