"""Serves the browser module: as one ES module, as one classic script, and its types.

Both are the sources of `web/` put together when the gateway starts, without comments and white
space; no name is changed, so what a browser shows of them can be read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import rjsmin
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exotel_voice.gateway.bundle import classic_script, one_module

__all__ = ["Assets", "import_map"]

ENTRY: Final = "exotelsdk.mjs"
SCRIPT: Final = "exotelsdk.js"
DECLARATIONS: Final = "exotelsdk.d.ts"
GLOBAL: Final = "exotelSDK"
_FOLDER: Final = resources.files("exotel_voice") / "web"
_TYPES: Final = {
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
}
_NAMES: Final = ("@exotel/webrtc-client-sdk", "@exotel-npm-dev/webrtc-client-sdk")


def import_map(base: str = "/voice") -> dict[str, dict[str, str]]:
    """Give the import map for pages that import the module by the names of the guide.

    Args:
        base: Where the gateway is mounted.

    Returns:
        What goes into `<script type="importmap">`, as JSON.
    """
    address = f"{base.rstrip('/')}/{ENTRY}"
    return {"imports": dict.fromkeys(_NAMES, address)}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    etag: str


class Assets:
    """The files of the browser module, read and put together once for all gateways."""

    def __init__(self) -> None:
        self._files = _files()

    @property
    def names(self) -> list[str]:
        """The files that are served."""
        return sorted(self._files)

    def routes(self) -> list[Route]:
        """Give one route for each file, so that nothing else can be asked for."""
        return [Route(f"/{name}", self._serve, name=name) for name in self.names]

    async def _serve(self, request: Request) -> Response:
        file = self._files[request.url.path.rpartition("/")[2]]
        headers = {
            "etag": file.etag,
            "cache-control": "no-cache",
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "cross-origin",
        }
        known = request.headers.get("if-none-match", "")
        if file.etag in {each.strip().removeprefix("W/") for each in known.split(",")}:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)


@cache
def _files() -> dict[str, _File]:
    found = (item for item in _FOLDER.iterdir() if item.name.endswith(".mjs"))
    modules = {item.name: item.read_text(encoding="utf-8") for item in found}
    texts = {
        ENTRY: rjsmin.jsmin(one_module(modules, entry=ENTRY)),
        SCRIPT: rjsmin.jsmin(classic_script(modules, entry=ENTRY, name=GLOBAL)),
        DECLARATIONS: (_FOLDER / DECLARATIONS).read_text(encoding="utf-8"),
    }
    return {name: _file(name, text) for name, text in texts.items()}


def _file(name: str, text: str) -> _File:
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()[:32]
    suffix = name[name.rindex(".") :]
    return _File(content=content, media_type=_TYPES[suffix], etag=f'"{digest}"')
