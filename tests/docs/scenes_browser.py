"""Scenes of the guide's sections, in the browser."""

from __future__ import annotations

from docs.browser_stage import BrowserScenes, BrowserStage
from docs.stage import LIMIT

__all__ = ["scenes"]

scenes = BrowserScenes()

INPUTS = """async () => {
  await navigator.mediaDevices.getUserMedia({ audio: true })
  const devices = await navigator.mediaDevices.enumerateDevices()
  const last = (kind) => devices.filter((device) => device.kind === kind).at(-1)
  window.microphoneId = last('audioinput').deviceId
  window.speakerId = last('audiooutput').deviceId
}"""


PLUGGED = """() => {
  const headset = (kind) => ({ kind, deviceId: 'headset', groupId: 'usb', label: 'Headset' })
  navigator.mediaDevices.enumerateDevices = async () =>
    ['audioinput', 'audiooutput'].map(headset)
  navigator.mediaDevices.dispatchEvent(new Event('devicechange'))
}"""
"""A headset becomes the default: what no test can do to Chromium from outside."""


@scenes("import-map")
async def import_map(stage: BrowserStage) -> None:
    script = "import { ExotelWebClient as ex } from '@exotel/webrtc-client-sdk'; window.ex = ex"
    stage.content["block"] = f'{stage.block.text}<script type="module">{script}</script>'
    await stage.show("block")
    await stage.page.wait_for_function("typeof window.ex?.initWebrtc === 'function'")


@scenes("script-tag")
async def script_tag(stage: BrowserStage) -> None:
    stage.content["block"] = f"<!doctype html>{stage.block.text}"
    page = await stage.show("block")
    assert await page.evaluate("exWebClient.initWebrtc({ userName: 'alice' })") is True
    assert await page.evaluate("exWebClient instanceof exotelSDK.ExotelWebClient")
    assert stage.errors == []


@scenes("quickstart-page")
async def quickstart_page(stage: BrowserStage) -> None:
    stage.content["block"] = f"<!doctype html>{stage.block.text}"
    page = await stage.show("block")
    await stage.sandbox.registered("alice")
    record = stage.ring("hangup-0.5")
    await page.wait_for_function("document.body.innerText.includes('+919900000001')")
    await page.get_by_role("button", name="Answer").click()
    await record.answered()
    await record.ended()
    assert record.status == "completed"
    assert stage.errors == []


@scenes("init")
async def init(stage: BrowserStage) -> None:
    await stage.open()
    await stage.run()
    await stage.until_printed("true")


@scenes("register")
async def register(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.page.evaluate("exWebClient.UnRegister()")
    await stage.until_printed("RegisterEventCallBack unregistered")
    await stage.forget()
    await stage.run()
    await stage.until_printed("RegisterEventCallBack registered")


@scenes("register-callback")
async def register_callback(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.page.evaluate("exWebClient.UnRegister()")
    await stage.until_printed("alice unregistered")
    await stage.page.evaluate("exWebClient.DoRegister()")
    await stage.until_printed("alice registered")


@scenes("unregister")
async def unregister(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.until_printed("RegisterEventCallBack unregistered")
    await stage.sandbox.unregistered("alice")


@scenes("receive")
async def receive(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.connected("hangup-0.2")
    await stage.until_printed("call from +919900000001 to alice")
    await stage.until_printed("talking")
    await stage.until_printed("ended there")
    stage.ring()
    await stage.until("exWebClient.getCall()?.callState === 'incoming'")
    await stage.page.evaluate("exWebClient.getCall().Hangup()")
    await stage.until_printed("ended here")


@scenes("answer")
async def answer(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    record = stage.ring()
    await stage.until("exWebClient.getCall()?.callState === 'incoming'")
    await stage.call("acceptCallHandler")
    await record.answered()
    await stage.until("exWebClient.getCall()?.callState === 'active'")


@scenes("hangup")
async def hangup(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    record = stage.ring()
    await stage.until("exWebClient.getCall()?.callState === 'incoming'")
    await stage.call("rejectCallHandler")
    assert (await record.ended()).sip_status == 486


@scenes("mute")
async def mute(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.connected()
    await stage.call("muteHandler")
    await stage.until("exWebClient.getCall().isMuted")
    await stage.call("muteHandler")
    await stage.until("!exWebClient.getCall().isMuted")


@scenes("hold")
async def hold(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    record = await stage.connected()
    changes = stage.sandbox.changes
    await stage.call("holdHandler")
    await changes.until(lambda: record.is_held, what="the hold", timeout=LIMIT)
    await stage.call("holdHandler")
    await changes.until(lambda: not record.is_held, what="its end", timeout=LIMIT)


@scenes("dtmf")
async def dtmf(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    record = await stage.connected("ivr")
    await stage.run()
    await record.heard("5")


@scenes("tabs")
async def tabs(stage: BrowserStage) -> None:
    first = await stage.open()
    await stage.register()
    await stage.open()
    await stage.register()
    await stage.run()
    record = stage.ring()
    await stage.until_printed("call for alice")
    record.hang_up()
    await record.ended()
    await stage.until_printed("close the notice")
    await first.close()
    await stage.until_printed("this tab is the active one now")


@scenes("reconnect")
async def reconnect(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.forget()
    stage.sandbox.faults.drop_connections("alice")
    await stage.until_printed("RegisterEventCallBack unregistered")
    await stage.until_printed("RegisterEventCallBack registered")
    record = await stage.connected()
    await stage.page.evaluate("exWebClient.getCall().Hangup()")
    await record.ended()
    await stage.call("registerToggle")
    await stage.sandbox.unregistered("alice")


@scenes("readiness")
async def readiness(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.until_printed("status registered")


@scenes("diagnostics-init")
async def diagnostics_init(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.until_printed("Chrome/")
    await stage.until_printed("micInfo ")
    await stage.until_printed("speakerInfo ")


@scenes("diagnostics-devices")
async def diagnostics_devices(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.page.evaluate("exWebClient.initDiagnostics(() => {}, console.log)")
    await stage.run()
    lines = await stage.printed()
    for key in ("speaker", "mic"):
        levels = [line for line in lines if line.startswith(f"{key} ")]
        assert len(levels) >= 4, lines


@scenes("diagnostics-network")
async def diagnostics_network(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.page.evaluate("exWebClient.initDiagnostics(() => {}, console.log)")
    await stage.run()
    await stage.until_printed("wss connected ws://")
    await stage.until_printed("userReg registered alice")
    for key in ("tcp", "udp", "host", "srflx"):
        await stage.until_printed(f"{key} ")


@scenes("devices-change")
async def devices_change(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.connected()
    await stage.page.evaluate(INPUTS)
    await stage.run()
    await stage.until_printed("output device changed")
    await stage.until_printed("input device changed")


@scenes("devices-listen")
async def devices_listen(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.page.evaluate(PLUGGED)
    await stage.until_printed("input is now headset")
    await stage.until_printed("output is now headset")


@scenes("logger")
async def logger(stage: BrowserStage) -> None:
    await stage.open()
    await stage.register()
    await stage.run()
    await stage.forget()
    await stage.page.evaluate("exWebClient.setEnableConsoleLogging(false)")
    await stage.page.evaluate("exWebClient.initWebrtc({ userName: 'alice', colour: 'red' })")
    await stage.until_printed("colour")


@scenes("download-logs")
async def download_logs(stage: BrowserStage) -> None:
    page = await stage.open()
    await stage.register()
    await page.evaluate("exWebClient.initWebrtc({ userName: 'alice', colour: 'red' })")
    async with page.expect_download() as waiting:
        await stage.run()
    path = await (await waiting.value).path()
    text = path.read_text(encoding="utf-8")
    assert stage.sandbox.account("alice").password not in text
    assert "unknown keys are ignored: colour" in text


@scenes("account-dictionary")
async def account_dictionary(stage: BrowserStage) -> None:
    await stage.open()
    await stage.run()
    await stage.until_printed("true")
