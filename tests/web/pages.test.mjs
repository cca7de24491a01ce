import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { readAccount } from "../../src/exotel_voice/web/account.mjs";
import { socketAddress } from "../../src/exotel_voice/web/address.mjs";
import { browserOf, diagnosticMethods } from "../../src/exotel_voice/web/diagnostics.mjs";
import { factsOf, failure } from "../../src/exotel_voice/web/failure.mjs";
import { log } from "../../src/exotel_voice/web/log.mjs";
import { toneSamples } from "../../src/exotel_voice/web/tones.mjs";

const WEB = new URL("../../src/exotel_voice/web/", import.meta.url);
const MODULES = readdirSync(WEB).filter((name) => name.endsWith(".mjs"));
const GUIDE = { userName: "alice", authUser: "alice", sipdomain: "acme", domain: "voip.example:443", displayname: "Alice",
  secret: "hunter2", port: "443", security: "wss" };

let logs = 0;
const freshLog = async () => {
  const { log: own } = await import(`../../src/exotel_voice/web/log.mjs?${(logs += 1)}`);
  own.isOnConsole = false;
  return own;
};

beforeEach(() => (log.isOnConsole = false));

test("the gateway is beside the script", () => {
  assert.equal(socketAddress("https://shop.example/voice/exotelsdk.js?v=1"), "wss://shop.example/voice/ws");
  assert.equal(socketAddress("http://localhost:3000/exotelsdk.mjs"), "ws://localhost:3000/ws");
});

test("the guide's account has the gateway's names", () => {
  assert.deepEqual(readAccount(GUIDE), { user_name: "alice", auth_user: "alice", domain: "acme", host: "voip.example",
    display_name: "Alice", secret: "hunter2", port: 443, security: "wss" });
  assert.equal(readAccount(null), null);
  assert.deepEqual(readAccount({ userName: "alice", displayName: "A", sipUri: "", accountSid: "x" }), { user_name: "alice", display_name: "A", port: undefined });
});

for (const [key, value] of [["userName", ""], ["sipdomain", undefined], ["secret", ""], ["secret", {}]])
  test(`an account whose ${key} is ${JSON.stringify(value)} is refused by that name`, () => {
    assert.throws(() => readAccount({ ...GUIDE, [key]: value }), (error) => error.message.includes(key) && error.code === "config");
  });

test("unknown keys are named in one warning", () => {
  const lines = [];
  log.callback = (type, message) => lines.push(`${type} ${message}`);
  readAccount({ ...GUIDE, color: "red", size: 3 });
  log.callback = null;
  assert.deepEqual(lines, ["warn initWebrtc(): unknown keys are ignored: color, size"]);
});

test("the log keeps the last thousand lines, oldest first", async () => {
  const own = await freshLog();
  for (let line = 0; line < 1500; line += 1) own.write("log", `line ${line}`);
  const lines = own.text().split("\n");
  assert.equal(lines.length, 1000);
  assert.match(lines[0], /^\d{4}-.*Z log line 500$/);
  assert.match(lines.at(-1), /line 1499$/);
});

test("the lines of the page and of the gateway are one file, by time, without the secret", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 1, 12, 0, 10) });
  const own = await freshLog();
  own.secrets.add("hunter2");
  own.write("log", "first hunter2", 3);
  context.mock.timers.tick(2000);
  own.write("warn", "last");
  let saved;
  globalThis.document = { createElement: () => ({ click() {} }) };
  context.mock.method(URL, "createObjectURL", (blob) => ((saved = blob), "blob:x"));
  const pieces = [
    { text: "2026-01-01T13:00:11.000Z INFO    exotel_voice.phone between\n2026-01-01T13:00:11.500Z INFO    a b hunter2", next: "2",
      at: String(Date.UTC(2026, 0, 1, 13, 0, 12)) },
    { text: "2026-01-01T13:00:11.600Z INFO    c", at: String(Date.UTC(2026, 0, 1, 13, 0, 12)) },
  ];
  const asked = [];
  await own.download(async (after) => (asked.push(after), pieces.shift()));
  delete globalThis.document;
  assert.deepEqual(asked, [0, 2]);
  assert.equal(await saved.text(), `2026-01-01T12:00:10.000Z log first *** 3
2026-01-01T12:00:11.000Z gateway INFO    exotel_voice.phone between
2026-01-01T12:00:11.500Z gateway INFO    a b ***
2026-01-01T12:00:11.600Z gateway INFO    c
2026-01-01T12:00:12.000Z warn last`);
});

test("a gateway that gives no lines, or none in time, leaves those of the page", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const own = await freshLog();
  own.write("log", "alone");
  const saved = [];
  globalThis.document = { createElement: () => ({ click() {} }) };
  context.mock.method(URL, "createObjectURL", (blob) => (saved.push(blob), "blob:x"));
  await own.download(null);
  await own.download(() => Promise.reject(failure("transport.connection_lost", "", "")));
  const late = own.download(() => new Promise(() => {}));
  context.mock.timers.tick(2000);
  await late;
  delete globalThis.document;
  for (const blob of saved) assert.match(await blob.text(), /^\S+Z log alone$/);
  assert.equal(saved.length, 3);
});

test("a full log costs no more than an empty one", async () => {
  const own = await freshLog();
  const seconds = () => {
    const start = process.hrtime.bigint();
    for (let line = 0; line < 1000; line += 1) own.write("log", "x", line);
    return Number(process.hrtime.bigint() - start);
  };
  seconds();
  const best = (rounds) => Math.min(...Array.from({ length: rounds }, seconds));
  assert.ok(best(20) < 5e6, "a line took more than 5 microseconds");
});

test("secrets do not come out of the log", async () => {
  const own = await freshLog();
  own.write("info", "account of hunter2", { user: "alice", secret: "other" }, 3, new Error("no hunter2"));
  own.secrets.add("hunter2").add("of");
  assert.match(own.text(), /info account of \*\*\* \[object Object\] 3 Error: no \*\*\*$/);
});

test("callbacks that fail are logged and harm nothing", async () => {
  const own = await freshLog();
  own.call("SessionCallback", () => { throw new Error("mine"); });
  own.call("RegisterEventCallBack", async () => { throw new Error("late"); });
  own.call("absent", null);
  await Promise.resolve();
  assert.match(own.text(), /SessionCallback failed: Error: mine\n.*RegisterEventCallBack failed: Error: late/);
});

test("a logger callback gets type, message and arguments, and may fail", async (context) => {
  const own = await freshLog();
  const lines = [];
  own.callback = (...args) => lines.push(args);
  own.write("warn", "mind", 1, 2);
  assert.deepEqual(lines, [["warn", "mind", [1, 2]]]);
  const complaint = context.mock.method(console, "error", () => {});
  own.callback = () => { throw new Error("mine"); };
  own.write("log", "still there");
  assert.equal(complaint.mock.callCount(), 1);
  assert.match(own.text(), /still there$/);
});

test("whatever was thrown has facts", () => {
  assert.deepEqual(factsOf(failure("a.b", "What.", "Do.")), { code: "a.b", message: "What.", hint: "Do." });
  assert.deepEqual(factsOf(new TypeError("x")), { code: "error", message: "TypeError: x", hint: "See the log of the page." });
});

test("a tone has its frequencies while it is on, and silence while it is off", () => {
  const samples = toneSamples([697, 1209], 0, [0.2, 0.2]);
  assert.equal(samples.length, 8820);
  const power = (hertz) => {
    let [re, im] = [0, 0];
    for (let at = 0; at < 4410; at += 1) {
      re += samples[at] * Math.cos((2 * Math.PI * hertz * at) / 22_050);
      im += samples[at] * Math.sin((2 * Math.PI * hertz * at) / 22_050);
    }
    return Math.hypot(re, im) / 4410;
  };
  assert.ok(power(697) > 0.05 && power(1209) > 0.05 && power(1000) < 0.002);
  assert.ok(samples.slice(4410).every((sample) => sample === 0));
  assert.ok(samples.every((sample) => Math.abs(sample) <= 0.25));
});

test("browsers are named as in the guide", () => {
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/101.0.0.0 Safari/537.36";
  assert.equal(browserOf(chrome), "Chrome/101.0.0.0");
  assert.equal(browserOf(`${chrome} Edg/101.0.1210.32`), "Edge/101.0.1210.32");
  assert.equal(browserOf("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"), "Firefox/128.0");
  assert.equal(browserOf("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"), "Safari/17.4");
});

test("each phone of a page has its own diagnostics", async () => {
  globalThis.navigator ??= { userAgent: "" };
  const [one, two] = [diagnosticMethods({}), diagnosticMethods({})];
  const [heard, heardToo] = [[], []];
  await one.initDiagnostics((_, text) => heard.push(text), () => {});
  await two.initDiagnostics((_, text) => heardToo.push(text), () => {});
  two.closeDiagnostics();
  heard.length = heardToo.length = 0;
  one.stopSpeakerDiagnosticsTest("yes");
  two.stopSpeakerDiagnosticsTest("yes");
  assert.deepEqual([heard, heardToo], [["speaker test: the user answers yes"], []]);
});

test("each module is short, and names at the top are unique, so that they can be one script", () => {
  const seen = new Map();
  for (const name of MODULES) {
    const text = readFileSync(new URL(name, WEB), "utf8");
    assert.ok(text.startsWith("// @ts-check\n"), name);
    assert.ok(text.split("\n").length <= 250, `${name} is too long`);
    for (const [, top] of text.matchAll(/^(?:export )?(?:async )?(?:class|function|const|let) (\w+)/gm)) {
      assert.ok(!seen.has(top), `${top} is in ${name} and in ${seen.get(top)}`);
      seen.set(top, name);
    }
    const imports = [...text.matchAll(/^import /gm)].length;
    assert.equal([...text.matchAll(/^import \{[^}]*\} from "\.\/\w+\.mjs";\n/gm)].length, imports, `imports of ${name}`);
  }
});
