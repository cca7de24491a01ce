// Many registered JsSIP phones in one Node process, the peer of `load.py`.
//
//     node jssip_phones.mjs URL DOMAIN PASSWORD COUNT
//
// Prints one line of JSON: seconds from the first start to the last 'registered', and bytes per phone.

import { createRequire } from "node:module";

const require = createRequire(new URL("../tests/interop/package.json", import.meta.url));
const JsSIP = require("jssip");
const WebSocket = require("ws");

const AT_ONCE = 100;
const [url, domain, password, count] = process.argv.slice(2);

// The socket interface that JsSIP documents, on the package `ws`.
class Socket {
    constructor(address) {
        this.url = address;
        this.sip_uri = "sip:server.invalid;transport=ws";
        this.via_transport = "WS";
    }

    connect() {
        this.socket = new WebSocket(this.url, "sip", { perMessageDeflate: false });
        this.socket.on("open", () => this.onconnect());
        this.socket.on("close", (code, reason) => this.ondisconnect(code !== 1000, code, reason));
        this.socket.on("message", (data) => this.ondata(data.toString()));
        this.socket.on("error", (error) => console.error(String(error)));
    }

    disconnect() {
        this.socket.close();
    }

    send(message) {
        this.socket.send(message);
        return true;
    }

    isConnected() {
        return this.socket?.readyState === WebSocket.OPEN;
    }

    isConnecting() {
        return this.socket?.readyState === WebSocket.CONNECTING;
    }
}

function register(number) {
    return new Promise((resolve, reject) => {
        const phone = new JsSIP.UA({
            sockets: [new Socket(url)],
            uri: `sip:jssip${number}@${domain}`,
            password,
            register_expires: 300,
        });
        phone.once("registered", () => resolve(phone));
        phone.once("registrationFailed", ({ cause }) => reject(new Error(cause)));
        phone.start();
    });
}

function memory() {
    globalThis.gc?.();
    return process.memoryUsage().rss;
}

await register("first");
const before = memory();
const cpu = process.cpuUsage();
const began = performance.now();
const phones = [];
let next = 0;

// So many at once as the queue of a listening socket takes, as `load.py` does.
async function work() {
    while (next < Number(count)) {
        next += 1;
        phones.push(await register(next));
    }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
const seconds = (performance.now() - began) / 1000;
const used = process.cpuUsage(cpu);
const bytes = (memory() - before) / phones.length;
console.log(JSON.stringify({ seconds, bytes, cpu: (used.user + used.system) / 1e6 }));
process.exit(0);
