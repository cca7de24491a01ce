"""Faults of real networks: loss, black holes, addresses and names that change or vanish."""

from __future__ import annotations

import pytest

from faults.catalogue import NETWORK_FAULTS, suspend, swallow_signalling
from faults.network import HOST_NAME
from faults.scene import a_scene

pytestmark = [
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.needs("namespaces"),
    pytest.mark.timeout(120),
]

NOTICED_WITHIN = {"media": 4.5, "signalling": 4.5}
"""Seconds; 3 s of silence, and the time that a busy machine takes."""
RECOVERED_WITHIN = 12.0
"""Seconds from where the fault ends; where an address has changed, that is its beginning."""


async def test_one_call_outlives_every_fault_of_its_network() -> None:
    async with a_scene(host=HOST_NAME) as scene:
        for inflict in NETWORK_FAULTS:
            fault = await inflict(scene)
            if fault.parts:
                assert (fault.seconds_to_notice or 0.0) < NOTICED_WITHIN[fault.parts[0]], fault
                assert (fault.seconds_to_recover or 0.0) < RECOVERED_WITHIN, fault
            await scene.require_whole()


async def test_a_black_hole_for_signalling_alone_is_found_by_the_keep_alive() -> None:
    async with a_scene(keep_alive_interval=1.0, keep_alive_limit=1.0) as scene:
        fault = await swallow_signalling(scene)
        assert (fault.seconds_to_notice or 0.0) < 4.0
        assert (fault.seconds_to_recover or 0.0) < RECOVERED_WITHIN
        await scene.require_whole()


async def test_a_process_that_is_stopped_for_a_while_goes_on_where_it_was() -> None:
    async with a_scene() as scene:
        fault = await suspend(scene, 15.0)
        assert (fault.seconds_to_recover or 0.0) < RECOVERED_WITHIN
