// @ts-check
import { factsOf } from "./failure.mjs";
import { log } from "./log.mjs";
import { makeMedia } from "./media.mjs";
import { microphone } from "./microphone.mjs";
/** @import {Core, MediaConnection, MediaRequest} from "./types.d.ts" */

/** Does for the gateway what only a tab can: the audio of its calls, each with a connection. @param {Core} core */
export function makeMediaDesk(core) {
  /** @type {Map<string, {media: MediaConnection, queue: Promise<unknown>}>} */
  const entries = new Map();
  const settings = { codec: "", volume: 1 };

  /** @param {MediaRequest} request */
  const open = ({ media: id, ice_servers }) => {
    const media = makeMedia(
      ice_servers ?? core.link.iceServers,
      settings,
      (event) => {
        core.link.send({ type: "media_event", media: id, event });
        if (event === "connected") core.calls.sound();
        else if (event !== "ready") log.write("warn", `the audio is ${event}`);
      },
      (stats) => {
        core.link.send({ type: "media_stats", media: id, stats });
        core.emit("quality", { call: core.calls.all.find(({ facts }) => facts.media === id), stats });
      },
    );
    const entry = { media, queue: Promise.resolve() };
    entries.set(id, entry);
    return entry;
  };

  const desk = {
    settings,

    /** @param {MediaRequest} request */
    receive(request) {
      const entry = entries.get(request.media) ?? open(request);
      const { op } = request;
      const done = entry.queue.then(() => {
        if (op === "close") return desk.close(request.media);
        return entry.media.requests[op](request); // a newer gateway may ask for more: that is then told to it
      });
      const reply = { type: "media_reply", reply_to: request.id };
      entry.queue = done.then(
        (sdp) => core.link.send({ ...reply, ok: true, sdp }),
        (error) => {
          log.write("error", `${op}: ${factsOf(error).message}`);
          core.link.send({ ...reply, ok: false, error: factsOf(error) });
        },
      );
    },

    /** The media sessions that have a connection here. */
    get ids() {
      return [...entries.keys()];
    },

    /** @param {string | null} [id] */
    find: (id) => entries.get(id ?? "")?.media,

    /**
     * Opens the microphone before the gateway is asked for a call, so that the user's consent takes the
     * time it takes; puts it on the call's connection where there is one already.
     * @template T
     * @param {() => string | null | undefined} id gives its media session
     * @param {() => Promise<T>} ask
     */
    async withMicrophone(id, ask) {
      const add = () => desk.find(id())?.addMicrophone();
      const spare = desk.find(id()) ? null : await microphone.open((track) => track.stop());
      try {
        await add(); // it was prepared before, or while the microphone opened
        const result = await ask();
        await add(); // or while the gateway was asked
        return result;
      } finally {
        microphone.close(spare);
      }
    },

    /** @param {number} value from 0 to 1 */
    setVolume(value) {
      settings.volume = value;
      for (const { media } of entries.values()) media.volume = value;
    },

    /** @param {string | null} [id] */
    close(id) {
      desk.find(id)?.close();
      entries.delete(id ?? "");
    },

    closeAll() {
      for (const id of entries.keys()) desk.close(id);
    },
  };
  return desk;
}
