"""Which requests the review server answers: those of this machine's browser, with the token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    # Photos of people leave no copy in the browser's cache either.
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class RequestFilter:
    """Lets a request through when host, origin and token are right; everything else gets 403.

    Every address begins with the token, ``http://127.0.0.1:PORT/TOKEN/``. A cookie would be
    sent to every other port of this host; a path is known only to who was given it. The Host header
    is compared because a foreign name can be made to point here (DNS rebinding), Origin and
    Sec-Fetch-Site because a foreign page can send requests without reading the answers.

    Parameters
    ----------
    app : ASGI application
        Sees paths without the token.
    token : str
        The secret.
    port : int
        Where the server listens.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in HEADERS.items()),
                ]
            await send(message)

        rest = self._path_below_token(scope)
        if scope["type"] != "http" or rest is None or not self._is_own(scope):
            refusal = PlainTextResponse(
                "403: open the address that datakit review printed.\n", status_code=403
            )
            await refusal(scope, receive, send_with_headers)
            return
        inner: dict[str, Any] = dict(scope, path=rest, raw_path=None, root_path="")
        await self._app(inner, receive, send_with_headers)

    def _path_below_token(self, scope: Scope) -> str | None:
        token, slash, rest = str(scope.get("path", "")).removeprefix("/").partition("/")
        right = hmac.compare_digest(token.encode(errors="replace"), self._token)
        return f"/{rest}" if right and slash else None

    def _is_own(self, scope: Scope) -> bool:
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower()
            # Two Host headers: nobody knows which one the browser meant.
            if key == "host" and key in headers:
                return False
            headers[key] = value.decode("latin-1")
        host, origin = headers.get("host"), headers.get("origin")
        if host not in self._hosts or (origin is not None and origin != f"http://{host}"):
            return False
        site = headers.get("sec-fetch-site", "none")
        # A link that a person follows may come from elsewhere (a terminal in a browser).
        followed = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
        return site in ("none", "same-origin") or followed
