/** A WebSocket server that speaks the first words of the wire, for tests of the tab's end in Node. */
import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";

// an event that nobody listens to harms no page
globalThis.WebSocket ??= class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.on("error", () => {});
  }
};
globalThis.location ??= { pathname: "" };
globalThis.addEventListener ??= () => {};

export class GatewayDouble {
  heard = [];
  welcome = { identity: "alice", allow_page_credentials: false, ice_servers: [], resume_limit: 30, server: "one" };
  /** Answers to requests, by type: a value, or an error that has a code. */
  answers = {};
  attached = { account: { user_name: "alice", display_name: "", domain: "acme" }, is_active: true,
    registration: { state: "unregistered" }, connection: "connected", calls: [], tabs: [] };
  #waiting = [];

  static async start(port = 0) {
    const double = new GatewayDouble();
    double.server = new WebSocketServer({ port, host: "127.0.0.1" });
    await once(double.server, "listening");
    double.address = `ws://127.0.0.1:${double.server.address().port}/ws`;
    double.server.on("connection", (socket) => socket.on("message", (data) => double.#receive(socket, String(data))));
    return double;
  }

  /** Resolves with the next message of this type, or one that has come already. */
  async next(type) {
    for (;;) {
      const at = this.heard.findIndex((message) => message.type === type);
      if (at >= 0) return this.heard.splice(at, 1)[0];
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  send(message) {
    for (const socket of this.server.clients) socket.send(JSON.stringify(message));
  }

  drop(code = 1012) {
    for (const socket of this.server.clients) socket.close(code);
  }

  async close() {
    const closed = [...this.server.clients, this.server].map((each) => once(each, "close"));
    for (const socket of this.server.clients) socket.terminate();
    this.server.close();
    await Promise.all(closed);
  }

  #receive(socket, text) {
    const message = JSON.parse(text);
    this.heard.push(message);
    const say = (reply) => socket.send(JSON.stringify(reply));
    if (message.type === "hello") {
      if (this.refusal) {
        say({ type: "error", ...this.refusal });
        socket.close(4403);
      } else say({ type: "welcome", version: 1, tab: message.tab, ...this.welcome });
    } else if (message.request) {
      const answer = this.answers[message.type];
      if (answer !== null) {
        if (answer?.code) say({ type: "result", request: message.request, ok: false, error: answer });
        else say({ type: "result", request: message.request, ok: true, value: answer });
        if (message.type === "attach" && !answer?.code) say({ type: "attached", ...this.attached });
      }
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
