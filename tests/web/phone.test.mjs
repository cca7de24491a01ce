import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { GatewayDouble } from "./gateway_double.mjs";
import defaultExport, { ExotelWebClient, SessionListener } from "../../src/exotel_voice/web/exotelsdk.mjs";
import { makeCall } from "../../src/exotel_voice/web/call.mjs";
import { failure } from "../../src/exotel_voice/web/failure.mjs";
import { log } from "../../src/exotel_voice/web/log.mjs";

const NAMES = `initWebrtc DoRegister UnRegister unregister getCall SessionListener initDiagnostics closeDiagnostics
  startSpeakerDiagnosticsTest stopSpeakerDiagnosticsTest startMicDiagnosticsTest stopMicDiagnosticsTest startNetworkDiagnostics
  stopNetworkDiagnostics checkClientStatus registerAudioDeviceChangeCallback changeAudioInputDevice changeAudioOutputDevice
  registerLoggerCallback setPreferredCodec downloadLogs setEnableConsoleLogging setAudioOutputVolume getAudioOutputVolume
  setCallAudioOutputVolume getCallAudioOutputVolume setNoiseSuppression dial close addEventListener removeEventListener`.split(/\s+/);
const CALL_NAMES = `Answer Hangup Mute UnMute MuteToggle Hold UnHold HoldToggle sendDTMF callDetails reject transfer transferTo
  stats levels`.split(/\s+/);
const DETAILS = `callId remoteId remoteDisplayName callDirection callState callDuration callStartedTime callEstablishedTime
  callEndedTime callAnswerTime callEndReason sessionId callSid legSid sipHeaders`.split(/\s+/);

let double, client, told;
const register = (state, phone, reason) => told.push([state, phone, ...(reason ? [reason.code] : [])]);

beforeEach(async () => {
  log.isOnConsole = false;
  told = [];
  double = await GatewayDouble.start();
  client = new ExotelWebClient({ gateway: double.address });
});

afterEach(async () => {
  await client.close();
  await double.close();
});

const until = async (condition) => {
  while (!condition()) await new Promise(setImmediate);
};

test("every name is there, on an instance and on the class", () => {
  for (const name of NAMES) {
    assert.equal(typeof client[name], "function", name);
    assert.equal(typeof ExotelWebClient[name], "function", `ExotelWebClient.${name}`);
  }
  assert.deepEqual([client.calls, client.getCall()], [[], null]);
  assert.equal(defaultExport, ExotelWebClient);
  assert.equal(SessionListener(), undefined);
});

test("DoRegister straight after initWebrtc registers, without await", async () => {
  const initialized = client.initWebrtc({ userName: "alice" }, register);
  assert.equal(client.DoRegister(), true);
  await double.next("register");
  assert.equal(await initialized, true);
  await new Promise(setImmediate);
  assert.equal(double.heard.filter(({ type }) => type === "register").length, 0);
  for (const state of ["sent_request", "registered", "registered"]) double.send({ type: "registration", state });
  await until(() => told.length === 2);
  assert.deepEqual(told, [["sent_request", "alice"], ["registered", "alice"]]);
});

test("a tab that comes to a registered phone is told so once", async () => {
  double.attached.registration.state = "registered";
  await client.initWebrtc(null, register);
  client.DoRegister();
  await double.next("attach");
  assert.deepEqual(told, [["registered", "alice"]]);
});

test("UnRegister and unregister are one", async () => {
  await client.initWebrtc(null, register);
  client.UnRegister();
  await double.next("unregister");
  double.send({ type: "registration", state: "unregistered" });
  await until(() => told.length);
  client.unregister();
  await double.next("unregister");
  assert.deepEqual(told, [["unregistered", "alice"]]);
});

test("nothing works before initWebrtc, and the log says so", async () => {
  const lines = [];
  client.addEventListener("log", ({ detail }) => lines.push(`${detail.type} ${detail.message}`));
  assert.deepEqual([client.DoRegister(), client.UnRegister()], [false, false]);
  await assert.rejects(client.dial("bob"), { code: "state.invalid" });
  assert.equal(lines[0], "error DoRegister(): call initWebrtc first");
});

test("a wrong account answers false and leaves room for a right one", async () => {
  assert.equal(await client.initWebrtc({ secret: "x" }, register), false);
  assert.equal(await client.initWebrtc({ userName: "alice" }, register, "no function"), false);
  assert.equal(await client.initWebrtc({ userName: "alice" }, register), true);
  assert.deepEqual(told, []);
});

test("a page that brings a secret where none is taken gets one clear error", async () => {
  const lines = [];
  client.registerLoggerCallback((type, message) => lines.push(`${type} ${message}`));
  const account = { userName: "alice", authUser: "alice", sipdomain: "acme", secret: "hunter2" };
  const initialized = client.initWebrtc(account, register);
  client.DoRegister();
  assert.equal(await initialized, false);
  client.registerLoggerCallback(null);
  assert.deepEqual(told, [["terminated", "alice", "gateway.page_credentials"]]);
  assert.equal(lines.filter((line) => line.startsWith("error")).length, 1, lines.join("\n"));
  assert.ok(!lines.join().includes("hunter2"));
});

test("a gateway that refuses ends in terminated with the reason", async () => {
  double.refusal = { code: "gateway.not_authenticated", message: "Who?", hint: "Sign in." };
  const initialized = client.initWebrtc({ userName: "alice" }, register);
  client.DoRegister();
  assert.equal(await initialized, false);
  assert.deepEqual(told, [["terminated", "alice", "gateway.not_authenticated"]]);
});

test("a gateway that is out of reach answers false in time, and gets the registration when it is there", async (context) => {
  await double.close();
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const failures = [];
  client.addEventListener("error", ({ detail }) => failures.push(detail.code));
  const initialized = client.initWebrtc({ userName: "alice" }, register);
  assert.equal(client.DoRegister(), true);
  context.mock.timers.tick(10_000);
  assert.equal(await initialized, false);
  assert.deepEqual(failures, ["deadline"]);
  assert.ok(told.every(([state]) => state === "unregistered"), told.join());
  double = await GatewayDouble.start(new URL(double.address).port);
  let isRegistering = false;
  double.next("register").then(() => (isRegistering = true));
  await until(() => (context.mock.timers.tick(500), isRegistering));
});

test("a restarted gateway gets the registration again by itself", async () => {
  await client.initWebrtc(null, register);
  client.DoRegister();
  await double.next("register");
  double.send({ type: "registration", state: "registered" });
  await until(() => told.length === 1);
  double.drop();
  await double.next("register");
  double.send({ type: "registration", state: "registered" });
  await until(() => told.length === 3);
  assert.deepEqual(told.map(([state]) => state), ["registered", "unregistered", "registered"]);
});

test("a page that answers refusals with DoRegister, as the guide's does, is slowed down", async () => {
  let tries = 0;
  double.attached.registration.state = "unregistered";
  await client.initWebrtc(null, (state) => state !== "registered" && client.DoRegister());
  client.DoRegister();
  const start = Date.now();
  while (tries < 4) {
    await double.next("register");
    tries += 1;
    double.send({ type: "registration", state: "sent_request" });
    double.send({ type: "registration", state: "terminated", status: 403, reason: "Forbidden", hint: "Look." });
  }
  const took = Date.now() - start;
  assert.ok(took > 900 && took < 10_000, `four tries took ${took} ms`);
});

test("session states reach the page with its user name", async () => {
  const states = [];
  await client.initWebrtc({ userName: "alice" }, null, null, (...args) => states.push(args));
  for (const state of ["incoming", "connected", "re-register"]) double.send({ type: "session", state, call: "c1" });
  await until(() => states.length === 3);
  assert.deepEqual(states, [["incoming", "alice"], ["connected", "alice"], ["re-register", "alice"]]);
});

test("volumes are from 0 to 1, by the names of today's JavaScript SDK, for all phones of the page", () => {
  assert.equal(ExotelWebClient.setAudioOutputVolume("ringtone", 0.3), true);
  assert.equal(client.getAudioOutputVolume("ringtone"), 0.3);
  assert.deepEqual([client.setAudioOutputVolume("ringtone", 2), client.setAudioOutputVolume("horn", 1)], [false, false]);
  client.setCallAudioOutputVolume(0.5);
  assert.deepEqual([client.getCallAudioOutputVolume(), ExotelWebClient.getCallAudioOutputVolume()], [0.5, 1]);
});

// -- one call ------------------------------------------------------------------------------------

const FACTS = { id: "c1", state: "active", duration: 0, is_muted: false, is_on_hold: false, media: "m1", media_tab: "t1",
  details: { callDirection: "incoming", remoteId: "sip:bob@acme", remoteDisplayName: "Bob", sessionId: "s", callSid: "x1", legSid: "l1",
    sipHeaders: { "X-A": "1" }, callStartedTime: 1000, callAnswerTime: 2000, callEstablishedTime: 2500, callEndedTime: null, callEndReason: "" } };

function aCall(facts = {}) {
  const asked = [];
  const finish = [];
  const core = { media: { find: () => undefined, withMicrophone: (_, ask) => ask() }, calls: { quiet() {} }, complain() {}, dtmfTone() {},
    link: { tab: "t1",
      request: (type, fields) => new Promise((resolve, reject) => (asked.push([type, fields]), finish.push({ resolve, reject }))) } };
  return { call: makeCall({ ...FACTS, ...facts }, core), asked, finish, types: () => asked.map(([type]) => type) };
}

test("a call has every name and every detail, as its own fields too", () => {
  const { call } = aCall();
  for (const name of CALL_NAMES) assert.equal(typeof call[name], "function", name);
  const details = call.callDetails();
  assert.deepEqual(Object.keys(details).sort(), [...DETAILS].sort());
  for (const name of DETAILS.filter((name) => name !== "callDuration")) assert.deepEqual(call[name], details[name], name);
  assert.deepEqual([call.callId, call.callSid, call.legSid, call.sipHeaders["X-A"]], ["c1", "x1", "l1", "1"]);
  assert.deepEqual(call.callStartedTime, new Date(1000));
  assert.ok(call.callDuration > 1e6);
  assert.equal(JSON.parse(JSON.stringify(call)).remoteDisplayName, "Bob");
});

test("Hold then UnHold at once ends unheld, and neither is a toggle", async () => {
  const { call, finish, types } = aCall();
  assert.deepEqual([call.Hold(), call.Hold(), call.UnHold()], [true, true, true]);
  assert.deepEqual(types(), ["hold"]);
  finish[0].resolve();
  await until(() => types().length === 2);
  finish[1].resolve();
  await new Promise(setImmediate);
  assert.deepEqual(types(), ["hold", "resume"]);
  assert.equal(call.isOnHold, false);
});

test("a refused hold is forgotten", async () => {
  const { call, finish, types } = aCall();
  call.HoldToggle();
  finish[0].reject(new Error("488"));
  await new Promise(setImmediate);
  call.HoldToggle();
  assert.deepEqual(types(), ["hold", "hold"]);
});

test("MuteToggle follows the last wish", async () => {
  const { call, finish, types } = aCall();
  call.MuteToggle();
  assert.equal(call.isMuted, true);
  call.MuteToggle();
  finish[0].resolve();
  await until(() => types().length === 2);
  assert.deepEqual(types(), ["mute", "unmute"]);
});

test("digits are one key each", () => {
  const { call, asked } = aCall();
  assert.deepEqual(["5", 5, "#", "A", ","].map((key) => call.sendDTMF(key)), [true, true, true, true, true]);
  assert.deepEqual(["12", "a", "", "E"].map((key) => call.sendDTMF(key)), [false, false, false, false]);
  assert.deepEqual(asked[0], ["send_digits", { call: "c1", digits: "5", method: "info" }]);
});

test("a ringing call can only be answered or refused, once", async () => {
  const { call, asked } = aCall({ state: "incoming" });
  assert.deepEqual([call.Mute(), call.Hold(), call.sendDTMF("1")], [false, false, false]);
  assert.deepEqual([call.Answer(), call.Answer()], [true, false]);
  await until(() => asked.length);
  assert.deepEqual(asked[0], ["answer", { call: "c1" }]);
  const other = aCall({ state: "incoming" });
  assert.deepEqual([other.call.Hangup(), other.call.Hangup()], [true, false]);
  assert.deepEqual(other.asked, [["reject", { call: "c1", status: 486 }]]);
});

test("without a microphone a ringing call is refused with 480", async () => {
  const { call, asked, finish } = aCall({ state: "incoming" });
  call.Answer();
  await until(() => asked.length);
  finish[0].reject(failure("media.microphone_denied", "No.", "Allow it."));
  await until(() => asked.length === 2);
  assert.deepEqual(asked[1], ["reject", { call: "c1", status: 480 }]);
});

test("an ended call takes nothing", () => {
  const { call, asked } = aCall({ state: "ended", duration: 3, details: { ...FACTS.details, callEndedTime: 5000 } });
  assert.deepEqual([call.Answer(), call.Hangup(), call.Mute()], [false, false, false]);
  assert.deepEqual([asked, call.callDuration], [[], 3]);
});
