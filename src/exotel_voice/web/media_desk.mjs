// @ts-check
import { facts, failure } from "./failure.mjs";
import { log } from "./log.mjs";
import { MediaConnection } from "./media.mjs";
import { microphone } from "./microphone.mjs";
/** @import {MediaRequest, MediaStats} from "./types.d.ts" */

/** Does for the gateway what only a tab can: the audio of its calls, each with a connection. */
export class MediaDesk {
  /** @type {Map<string, {media: MediaConnection, queue: Promise<unknown>}>} */
  #entries = new Map();
  settings = { codec: "", volume: 1 };

  /**
   * @param {{send: (message: object) => void, iceServers: () => RTCIceServer[],
   *   onStats: (media: string, stats: MediaStats) => void, onConnected: () => void}} owner
   */
  constructor(owner) {
    this.owner = owner;
  }

  /** @param {MediaRequest} request */
  receive(request) {
    const entry = this.#entries.get(request.media) ?? this.#open(request);
    const work = entry.queue.then(() => this.#do(request, entry.media));
    entry.queue = work.catch(() => {});
    const reply = { type: "media_reply", reply_to: request.id };
    work.then(
      (sdp) => this.owner.send({ ...reply, ok: true, ...(sdp ? { sdp } : {}) }),
      (error) => {
        log.write("error", `${request.op}: ${facts(error).message}`);
        this.owner.send({ ...reply, ok: false, error: facts(error) });
      },
    );
  }

  /** The media sessions that have a connection here. */
  get ids() {
    return [...this.#entries.keys()];
  }

  /** @param {string | null | undefined} id */
  find(id) {
    return this.#entries.get(id ?? "")?.media;
  }

  /**
   * Opens the microphone before the gateway is asked for a call, so that the user's consent takes the
   * time it takes; puts it on the call's connection where there is one already.
   * @template T
   * @param {() => string | null | undefined} id gives its media session
   * @param {() => Promise<T>} ask
   */
  async withMicrophone(id, ask) {
    const prepared = this.find(id());
    if (prepared) {
      await prepared.addMicrophone();
      return ask();
    }
    const spare = await microphone.open((track) => track.stop());
    try {
      await this.find(id())?.addMicrophone(); // it was prepared while the microphone opened
      const result = await ask();
      await this.find(id())?.addMicrophone(); // or while the gateway was asked
      return result;
    } finally {
      microphone.close(spare);
    }
  }

  /** @param {number} value from 0 to 1 */
  setVolume(value) {
    this.settings.volume = value;
    for (const { media } of this.#entries.values()) media.volume = value;
  }

  /** @param {string | null | undefined} id */
  close(id) {
    this.find(id)?.close();
    this.#entries.delete(id ?? "");
  }

  closeAll() {
    for (const id of this.ids) this.close(id);
  }

  /** @param {MediaRequest} request */
  #open({ media: id, ice_servers }) {
    const servers = ice_servers ?? this.owner.iceServers();
    const media = new MediaConnection(servers, this.settings, {
      onEvent: (event, codec) => {
        this.owner.send({ type: "media_event", media: id, event, ...(codec ? { codec } : {}) });
        if (event === "connected") this.owner.onConnected();
        else if (event !== "ready") log.write("warn", `the audio is ${event}`);
      },
      onStats: (stats) => {
        this.owner.send({ type: "media_stats", media: id, stats });
        this.owner.onStats(id, stats);
      },
    });
    const entry = { media, queue: Promise.resolve() };
    this.#entries.set(id, entry);
    return entry;
  }

  /**
   * @param {MediaRequest} request
   * @param {MediaConnection} media
   * @returns {Promise<string | void>}
   */
  async #do(request, media) {
    const { op, sdp = "", direction = "sendrecv" } = request;
    switch (op) {
      case "prepare":
        return media.answer(sdp, direction, false);
      case "answer":
        return media.answer(sdp, direction, true);
      case "offer":
        return media.offer(direction, !!request.ice_restart);
      case "accept_answer":
        return media.acceptAnswer(sdp);
      case "rollback":
        return media.rollback();
      case "set_muted":
        return media.setMuted(!!request.muted);
      case "send_digits":
        return void (await media.sendDigits(request.digits ?? "", request.duration ?? 0.16, request.gap ?? 0.07));
      case "close":
        return this.close(request.media);
      default:
        throw failure("gateway.bad_message", `This page knows no ${op}.`, "Reload the page.");
    }
  }
}
