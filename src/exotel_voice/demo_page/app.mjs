// @ts-check
/** Puts the page together: one phone, and the views that show it. */

import { Calls } from "./calls.mjs";
import { Diagnostics } from "./diagnostics.mjs";
import { Dialer } from "./dialer.mjs";
import { Header } from "./header.mjs";
import { History } from "./history.mjs";
import { Incoming } from "./incoming.mjs";
import { Log } from "./log.mjs";
import { Phone } from "./phone.mjs";
import { Quality } from "./quality.mjs";
import { Readiness } from "./readiness.mjs";
import { SandboxPanel } from "./sandbox.mjs";
import { Shortcuts } from "./shortcuts.mjs";
import { Sound } from "./sound.mjs";
import { Tabs } from "./tabs.mjs";

const PARTIES = ["echo", "tone-1000", "ivr", "late-5", "busy", "decline", "no-answer", "hold-3", "hangup-5", "transfer-ivr"];

/** @type {{user: string, people: string[]}} */
const { user, people } = await (await fetch("who")).json();
document.title = `${user} – phone`;

const phone = new Phone(user);
new Log(phone);
new Header(phone, people);
const dialer = new Dialer(phone, [...people.filter((name) => name !== user), ...PARTIES]);
new Incoming(phone);
const calls = new Calls(phone);
new History(phone, (target) => void dialer.call(target));
new SandboxPanel(phone);
new Sound(phone);
new Quality(phone);
new Tabs(phone);
new Readiness(phone);
new Diagnostics(phone);
new Shortcuts(phone, calls, dialer);
phone.start();
