"""Serves the browser module: as ES modules, as one classic script, and its types."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exotel_voice.gateway.bundle import bundle

__all__ = ["Assets", "import_map"]

ENTRY: Final = "exotelsdk.mjs"
SCRIPT: Final = "exotelsdk.js"
GLOBAL: Final = "exotelSDK"
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
    """The files of the browser module, read once."""

    def __init__(self) -> None:
        texts = _read()
        if ENTRY in texts:
            modules = {name: text for name, text in texts.items() if name.endswith(".mjs")}
            texts[SCRIPT] = bundle(modules, entry=ENTRY, name=GLOBAL)
        self._files = {name: _file(name, text) for name, text in texts.items()}

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


def _read() -> dict[str, str]:
    folder = resources.files("exotel_voice") / "web"
    if not folder.is_dir():
        return {}
    return {
        item.name: item.read_text(encoding="utf-8")
        for item in folder.iterdir()
        if item.name.endswith((".mjs", ".d.ts"))
    }


def _file(name: str, text: str) -> _File:
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()[:32]
    suffix = name[name.rindex(".") :]
    return _File(content=content, media_type=_TYPES[suffix], etag=f'"{digest}"')
