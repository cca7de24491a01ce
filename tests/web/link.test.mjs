import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { GatewayDouble } from "./gateway_double.mjs";
import { log } from "../../src/exotel_voice/web/log.mjs";
import { makeLink, retryDelay } from "../../src/exotel_voice/web/link.mjs";

let double, link, heard, states;

beforeEach(async () => {
  log.isOnConsole = false;
  double = await GatewayDouble.start();
  [heard, states] = [[], []];
  link = makeLink(double.address, {
    media: () => ["m1"],
    onMessage: (message) => heard.push(message.type),
    onState: (state, error) => states.push(error ? `${state} ${error.code}` : state),
  });
});

afterEach(async () => {
  await link.close();
  await double.close();
});

test("a tab says hello with its name and living media, attaches, and is told the state", async () => {
  const attached = await link.attach({ user_name: "alice" });
  assert.equal(attached.account.user_name, "alice");
  const hello = await double.next("hello");
  assert.deepEqual({ ...hello, tab: "" }, { type: "hello", version: 1, tab: "", page: "", media: ["m1"] });
  assert.equal(hello.tab, link.tab);
  assert.deepEqual((await double.next("attach")).account, { user_name: "alice" });
  assert.deepEqual([heard, states], [["attached"], ["connecting", "connected"]]);
});

test("two clients of one page have different names", () => {
  const other = makeLink(double.address, { media: () => [], onMessage() {}, onState() {} });
  assert.notEqual(link.tab, other.tab);
  assert.match(other.tab, /^[\d-]{10,50}#\d+$/);
});

test("a request gets its value, or its error with a hint", async () => {
  double.answers = { dial: { call: "c1" }, hold: { code: "state.invalid", message: "No.", hint: "Wait." } };
  void link.attach(null);
  assert.deepEqual(await link.request("dial", { target: "bob", headers: {} }), { call: "c1" });
  await assert.rejects(link.request("hold", { call: "c1" }), { code: "state.invalid", message: "No.", hint: "Wait." });
});

test("a lost connection is made again, and the account attached again", async () => {
  await link.attach({ user_name: "alice" });
  await double.next("attach");
  double.drop();
  const again = await double.next("attach");
  assert.deepEqual(again.account, { user_name: "alice" });
  await link.request("status");
  assert.deepEqual(states, ["connecting", "connected", "disconnected", "connecting", "connected"]);
});

test("what can be repeated is sent again after a loss, what cannot fails", async () => {
  await link.attach(null);
  double.answers = { hang_up: null, dial: null };
  const hangUp = link.request("hang_up", { call: "c1" });
  const dial = link.request("dial", { target: "bob" });
  await double.next("dial");
  await double.next("hang_up");
  double.answers = {};
  double.drop();
  await assert.rejects(dial, { code: "transport.connection_lost" });
  await hangUp;
  assert.equal((await double.next("hang_up")).call, "c1");
});

test("a request waits until the tab is attached", async () => {
  const answer = link.request("status");
  double.answers = { status: { state: "registered" } };
  await link.attach(null);
  assert.deepEqual(await answer, { state: "registered" });
});

test("a refusal is final and says why", async () => {
  double.refusal = { code: "gateway.forbidden_origin", message: "Not from there.", hint: "Add the origin." };
  await assert.rejects(link.attach(null), { code: "gateway.forbidden_origin", hint: "Add the origin." });
  assert.deepEqual(states, ["connecting", "refused gateway.forbidden_origin"]);
  assert.equal(link.isAttached, false);
});

test("a secret never leaves for a gateway that takes none", async () => {
  await assert.rejects(link.attach({ user_name: "alice", secret: "hunter2" }), { code: "gateway.page_credentials" });
  await link.attach({ user_name: "alice" });
  assert.ok(!JSON.stringify(double.heard).includes("hunter2"));
});

test("a secret goes to a gateway that takes it", async () => {
  double.welcome.allow_page_credentials = true;
  await link.attach({ user_name: "alice", secret: "hunter2" });
  assert.equal((await double.next("attach")).account.secret, "hunter2");
});

test("a refused account leaves room for the next one", async () => {
  double.answers = { attach: { code: "config", message: "Unknown.", hint: "Another." } };
  await assert.rejects(link.attach({ user_name: "mallory" }), { code: "config" });
  double.answers = {};
  await link.attach({ user_name: "alice" });
  assert.ok(link.isAttached);
});

test("another account takes the place of the one before", async () => {
  await link.attach({ user_name: "alice" });
  await link.attach({ user_name: "bob" });
  await double.next("detach");
  await double.next("attach");
  assert.equal((await double.next("attach")).account.user_name, "bob");
});

test("a tab whose name was taken comes back with another", async () => {
  await link.attach(null);
  const before = (await double.next("hello")).tab;
  double.drop(4409);
  const after = (await double.next("hello")).tab;
  assert.notEqual(after, before);
  await link.request("status");
});

test("the delay doubles up to ten seconds, less at most a half by chance", () => {
  assert.deepEqual([0, 1, 2, 3, 9].map((attempt) => retryDelay(attempt, 0)), [250, 500, 1000, 2000, 10_000]);
  assert.equal(retryDelay(9, 1), 5000);
});
