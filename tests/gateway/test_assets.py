"""The browser module as the gateway serves it: modules, one classic script, types."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from exotel_voice import SipAccount
from exotel_voice.gateway import VoiceGateway, import_map
from exotel_voice.gateway.assets import Assets
from exotel_voice.gateway.bundle import classic_script, one_module
from gateway.site import Site, identity_of

MODULES = {
    "exotelsdk.mjs": """// @ts-check
import { LIMIT, Phone } from "./phone.mjs";
import { HIGH, beep } from './tones.mjs'
export const address = import.meta.url;
export async function ring() { return [HIGH, beep()]; }
export function limit() { return LIMIT; }
export class Line extends Phone {}
export default Line;
""",
    "phone.mjs": """import {
  HIGH,
} from "./tones.mjs";
const hidden = 1;
export const LIMIT = HIGH + hidden;
export class Phone { static name2 = "phone"; }
""",
    "tones.mjs": """export let HIGH = 41;
export function beep() { return "beep"; }
""",
}


def run_script(script: str, expression: str, *, folder: Path | None = None) -> object:
    """Run a classic script in Node as a page would, and give a value as JSON."""
    page = 'globalThis.addEventListener = () => {}; globalThis.document = {currentScript: {src: "https://a.example/voice/exotelsdk.js"}};'
    end = f"Promise.resolve({expression}).then((v) => console.log(JSON.stringify(v)));"
    node = shutil.which("node")
    assert node is not None
    result = subprocess.run(  # noqa: S603 - our own script
        [node, "--input-type=commonjs", "-e", f"{page}\n{script}\n{end}"],
        capture_output=True,
        check=True,
        cwd=folder,
        text=True,
        timeout=10,
    )
    return json.loads(result.stdout)


@pytest.mark.needs("node")
def test_modules_become_one_script_that_leaves_one_name() -> None:
    script = classic_script(MODULES, entry="exotelsdk.mjs", name="sdk")
    assert run_script(script, "Object.keys(sdk).sort()") == [
        "Line",
        "address",
        "default",
        "limit",
        "ring",
    ]
    assert run_script(script, "[sdk.limit(), sdk.default.name2, sdk.address]") == [
        42,
        "phone",
        "https://a.example/voice/exotelsdk.js",
    ]
    assert run_script(script, "sdk.ring()") == [41, "beep"]
    assert run_script(script, "typeof hidden + typeof beep") == "undefinedundefined"


@pytest.mark.needs("node")
def test_modules_become_one_module_with_the_exports_of_the_entry(tmp_path: Path) -> None:
    (tmp_path / "one.mjs").write_text(one_module(MODULES, entry="exotelsdk.mjs"), "utf-8")
    expression = "import('./one.mjs').then((sdk) => [Object.keys(sdk).sort(), sdk.default.name2])"
    assert run_script("", expression, folder=tmp_path) == [
        ["Line", "address", "default", "limit", "ring"],
        "phone",
    ]


@pytest.mark.parametrize(
    ("modules", "complaint"),
    [
        ({}, "no module a.mjs"),
        ({"a.mjs": 'import {b} from "./b.mjs";'}, "no module b.mjs"),
        (
            {"a.mjs": 'import {b} from "./b.mjs";', "b.mjs": 'import {a} from "./a.mjs";'},
            "a.mjs -> b.mjs -> a.mjs",
        ),
        ({"a.mjs": 'export * from "./b.mjs";'}, "not known"),
        ({"a.mjs": "export default class {}"}, "not known"),
        ({"a.mjs": 'import "./b.mjs";'}, "not known"),
        ({"a.mjs": 'import * as b from "./b.mjs";'}, "not known"),
        ({"a.mjs": 'import {b as c} from "./b.mjs";', "b.mjs": ""}, "not known"),
        (
            {"a.mjs": 'import {b} from "./b.mjs";\nlet c;', "b.mjs": "const c = 1;"},
            "c is in b.mjs and in a.mjs",
        ),
    ],
)
def test_a_form_that_is_not_known_is_refused(modules: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        one_module(modules, entry="a.mjs")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    def account(identity: str) -> SipAccount:
        return SipAccount(username=identity, password="x", domain="acme.example")

    gateway = VoiceGateway(authenticate=identity_of, accounts=account)
    async with (
        Site(gateway) as site,
        httpx.AsyncClient(base_url=f"{site.url}/voice", trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("exotelsdk.js", "text/javascript; charset=utf-8"),
        ("exotelsdk.mjs", "text/javascript; charset=utf-8"),
        ("exotelsdk.d.ts", "text/plain; charset=utf-8"),
    ],
)
async def test_each_file_is_served_with_its_type_and_once(
    client: httpx.AsyncClient, name: str, media_type: str
) -> None:
    first = await client.get(f"/{name}")
    assert first.status_code == 200
    assert first.headers["content-type"] == media_type
    assert first.headers["cache-control"] == "no-cache"
    assert "ExotelWebClient" in first.text
    again = await client.get(
        f"/{name}", headers={"If-None-Match": f'W/"x", {first.headers["etag"]}'}
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["exotelsdk.js", "exotelsdk.mjs"])
async def test_a_page_loads_one_file_of_at_most_40_kilobytes(
    client: httpx.AsyncClient, name: str
) -> None:
    assert Assets().names == ["exotelsdk.d.ts", "exotelsdk.js", "exotelsdk.mjs"]
    content = (await client.get(f"/{name}")).content
    assert len(content) <= 40_000
    assert b"import " not in content


async def test_nothing_else_is_served(client: httpx.AsyncClient) -> None:
    for path in ("/", "/ws", "/../pyproject.toml", "/%2e%2e/gateway.py", "/tsconfig.json"):
        assert (await client.get(path)).status_code in {403, 404}, path


@pytest.mark.needs("node")
async def test_the_classic_script_gives_the_global_of_the_guide(client: httpx.AsyncClient) -> None:
    script = (await client.get("/exotelsdk.js")).text
    names = run_script(script, "Object.keys(exotelSDK)")
    assert isinstance(names, list)
    assert {"ExotelWebClient", "SessionListener", "default"} <= set(names)


def test_the_import_map_has_the_names_of_the_guide() -> None:
    assert import_map("/phone/") == {
        "imports": {
            "@exotel/webrtc-client-sdk": "/phone/exotelsdk.mjs",
            "@exotel-npm-dev/webrtc-client-sdk": "/phone/exotelsdk.mjs",
        }
    }
