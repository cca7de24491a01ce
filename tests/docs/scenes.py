"""Every scene by the name of its block."""

from __future__ import annotations

from docs import (
    scenes_browser,
    scenes_devices,
    scenes_gateway,
    scenes_guide,
    scenes_logs,
    scenes_phone,
    scenes_rest,
    scenes_sound,
    scenes_start,
    scenes_testing,
)
from docs.browser_stage import BrowserScene
from docs.stage import Scene

__all__ = ["BROWSER", "PYTHON", "SOUND"]

PYTHON: dict[str, Scene] = {
    **scenes_start.scenes,
    **scenes_gateway.scenes,
    **scenes_phone.scenes,
    **scenes_testing.scenes,
    **scenes_guide.scenes,
    **scenes_logs.scenes,
    **scenes_rest.scenes,
    **scenes_devices.scenes,
}

SOUND: dict[str, Scene] = {**scenes_sound.scenes, **scenes_devices.sound_scenes}
"""Those that need sound cards."""

BROWSER: dict[str, BrowserScene] = {**scenes_browser.scenes}
