"""`exotel-voice demo` without a browser: what it prints, refuses and serves, and how it ends."""

from __future__ import annotations

import signal
import socket
import sys

import httpx
import pytest
from typer.testing import CliRunner

from app.demo_process import run_demo, running_demo
from exotel_voice.cli.main import app

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


async def test_the_page_is_served_over_https_with_a_certificate_made_at_the_start() -> None:
    with running_demo() as demo:
        assert demo.url.startswith("https://localhost:")
        assert f"{demo.url}/bob/" in demo.introduction
        async with httpx.AsyncClient(verify=False, trust_env=False) as http:  # noqa: S501
            page = await http.get(f"{demo.url}/bob/")
            module = await http.get(f"{demo.url}/bob/voice/exotelsdk.mjs")
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "<script>" not in page.text
        assert " style=" not in page.text
        assert module.headers["content-type"].startswith("text/javascript")


async def test_both_families_of_addresses_are_served_and_others_are_not() -> None:
    with running_demo("--http") as demo:
        port = demo.url.rpartition(":")[2]
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 200
            if socket.has_ipv6:
                assert (await http.get(f"http://[::1]:{port}/")).status_code == 200
            stranger = await http.get(f"{demo.url}/", headers={"host": "evil.example"})
        assert stranger.status_code == 400


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole consoles only")
def test_ctrl_c_ends_it_with_130() -> None:
    with running_demo() as demo:
        assert demo.end() == (130, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_a_service_manager_ends_it_with_0() -> None:
    with running_demo("--http") as demo:
        assert demo.end(signal.SIGTERM) == (0, "")


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_demo("--port", str(port), "--no-browser")
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"--port {port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "abc"), "'--port'"),
        (("--port", "70000"), "'--port'"),
        (("--tls",), "--tls"),
        (("surplus",), "surplus"),
        (("--json",), "--json needs --check"),
        (("--check", "--http"), "belong to the page"),
        (("--check", "--port", "0"), "belong to the page"),
        (("--check", "--no-browser"), "belong to the page"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[str, ...], words: str) -> None:
    done = CliRunner().invoke(app, ["demo", *arguments])
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())
