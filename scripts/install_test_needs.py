"""Get what the interop and browser tests need: as root from Debian, and the npm packages.

Ends with 0 unless `CI=true` and something is absent. What is absent otherwise is named here, and
again by the test run with the tests that it leaves out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from needs import INTEROP, NEEDS, WEB_TOOLS, missing  # noqa: E402 - tests/ has to be on the path first


def say(text: str) -> None:
    print(f"needs: {text}", flush=True)


def install_debian_packages(packages: list[str]) -> None:
    """Install the packages; those that cannot be had must not keep the others away."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        say(f"not root on Debian, so not installed: {' '.join(packages)}")
        return
    say(f"installing {' '.join(packages)} with apt-get")
    apt("update")
    if apt("install", *packages) != 0:
        for package in packages:
            if apt("install", package) != 0:
                say(f"{package} cannot be had here")


def apt(*command: str) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-y", "--no-install-recommends"] if command[0] == "install" else []
    result = subprocess.run(
        ["apt-get", "-qq", "-o=Dpkg::Use-Pty=0", *command, *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    return result.returncode


def install_npm_packages() -> None:
    """Fetch JsSIP and SIP.js at the versions of the lock file and bundle them for a page."""
    npm = shutil.which("npm")
    if npm is None:
        say("npm is absent, so JsSIP and SIP.js are not fetched")
        return
    say("JsSIP and SIP.js from npm")
    for command in (["ci", "--no-audit", "--no-fund"], ["run", "bundle"]):
        if subprocess.run([npm, "--silent", *command], cwd=INTEROP).returncode != 0:
            say(f"npm {command[0]} failed")
            return


def install_web_tools() -> None:
    """Fetch the type checker and the WebSocket server of the browser module's own tests."""
    npm = shutil.which("npm")
    if npm is None:
        say("npm is absent, so the tools for the browser module are not fetched")
        return
    say("tools for the browser module from npm")
    command = [npm, "--silent", "ci", "--no-audit", "--no-fund"]
    if subprocess.run(command, cwd=WEB_TOOLS.parent).returncode != 0:
        say("npm ci in tests/web failed")


def main() -> None:
    absent = missing(tuple(NEEDS))
    packages = [package for name in absent for package in NEEDS[name].packages]
    if packages:
        install_debian_packages(packages)
    lock = INTEROP / "package-lock.json"
    stamp = INTEROP / "node_modules" / ".package-lock.json"
    is_old = not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime
    if is_old or missing(("jssip", "sip.js")):
        install_npm_packages()
    if missing(("web-tools",)):
        install_web_tools()
    left = missing(tuple(NEEDS))
    for name in left:
        say(f"absent: {name} ({NEEDS[name].remedy})")
    if left and os.environ.get("CI") == "true":
        sys.exit("needs: with CI=true nothing may be absent")
    if not left:
        say("everything is here")


if __name__ == "__main__":
    main()
