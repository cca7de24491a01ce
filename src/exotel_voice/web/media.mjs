// @ts-check
import { failure } from "./failure.mjs";
import { microphone } from "./microphone.mjs";
import { sound } from "./sound.mjs";
import { Meter, readStats, Totals } from "./stats.mjs";
/** @import {Direction, MediaListener} from "./types.d.ts" */

const GATHERING_LIMIT_MS = 500;
const STATS_EVERY_MS = 1000;

/** The audio of one call: a peer connection, the microphone that feeds it and the player that sounds it. */
export class MediaConnection {
  /** @type {RTCPeerConnection} */ #pc;
  /** @type {RTCRtpTransceiver | null} */ #transceiver = null;
  /** @type {MediaStreamTrack | null} */ #track = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  /** @type {Meter | null} */ #input = null;
  /** @type {Meter | null} */ #output = null;
  #player = new Audio();
  #totals = new Totals();
  #isMuted = false;
  #isClosed = false;
  /** @type {Direction} */ #wish = "sendrecv";
  /** @type {Direction} */ #wishBefore = "sendrecv";
  #lastAnswer = "";

  /**
   * @param {RTCIceServer[]} iceServers
   * @param {{codec: string, volume: number}} settings
   * @param {MediaListener} listener
   */
  constructor(iceServers, settings, listener) {
    this.settings = settings;
    this.listener = listener;
    this.#pc = new RTCPeerConnection({ iceServers });
    this.#pc.onconnectionstatechange = () => this.#changed(this.#pc.connectionState);
    this.#pc.ontrack = ({ track }) => {
      this.#player.srcObject = new MediaStream([track]);
      this.volume = settings.volume;
      void sound.add(this.#player);
    };
  }

  get isConnected() {
    return this.#pc.connectionState === "connected";
  }

  get remoteStream() {
    return /** @type {MediaStream | null} */ (this.#player.srcObject);
  }

  get localStream() {
    return this.#track && new MediaStream([this.#track]);
  }

  /** @param {number} value from 0 to 1 */
  set volume(value) {
    this.#player.volume = value;
  }

  /** Puts the microphone on the connection; nothing is agreed anew for that. */
  async addMicrophone() {
    if (this.#track || this.#isClosed) return;
    const track = await microphone.open((other) => void this.#useTrack(other));
    if (this.#track || this.#isClosed) return microphone.close(track);
    await this.#useTrack(track);
    this.listener.onEvent("ready");
  }

  /**
   * Answers an offer; without a microphone while it only might be wanted.
   * @param {string} sdp
   * @param {Direction} direction
   * @param {boolean} hasMicrophone
   */
  async answer(sdp, direction, hasMicrophone) {
    const opening = hasMicrophone ? this.addMicrophone() : null;
    opening?.catch(() => {}); // awaited below
    if (this.#pc.signalingState === "have-local-offer") await this.rollback();
    await this.#pc.setRemoteDescription({ type: "offer", sdp });
    this.#transceiver ??= this.#audio();
    if (this.#track) await this.#transceiver.sender.replaceTrack(this.#track);
    this.#direct(direction);
    await opening;
    await this.#pc.setLocalDescription(await this.#pc.createAnswer());
    this.#settle();
    return this.#gathered();
  }

  /**
   * @param {Direction} direction
   * @param {boolean} isRestart whether to look for a new path
   */
  async offer(direction, isRestart) {
    await this.addMicrophone();
    this.#transceiver ??= this.#pc.addTransceiver(/** @type {MediaStreamTrack} */ (this.#track), { direction });
    this.#direct(direction);
    await this.#pc.setLocalDescription(await this.#pc.createOffer({ iceRestart: isRestart }));
    return this.#gathered();
  }

  /** @param {string} sdp */
  async acceptAnswer(sdp) {
    if (this.#pc.signalingState === "stable" && sdp === this.#lastAnswer) return;
    await this.#pc.setRemoteDescription({ type: "answer", sdp });
    this.#lastAnswer = sdp;
    this.#settle();
  }

  async rollback() {
    await this.#pc.setLocalDescription({ type: "rollback" });
    this.#direct(this.#wishBefore);
    this.#settle();
  }

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    this.#isMuted = isMuted;
    this.#settle();
  }

  /**
   * Sends digits as RFC 4733 events; resolves when the last one has ended.
   * @param {string} digits
   * @param {number} duration seconds
   * @param {number} gap seconds
   */
  async sendDigits(digits, duration, gap) {
    await this.addMicrophone(); // it may be on its way
    const dtmf = this.#transceiver?.sender.dtmf;
    if (!dtmf?.canInsertDTMF || !this.#isSending)
      throw failure("state.invalid", "Digits cannot be sent beside the audio of this call.", "Send them by SIP INFO.");
    return new Promise((resolve) => {
      dtmf.ontonechange = ({ tone }) => tone === "" && resolve(undefined);
      dtmf.insertDTMF(digits, duration * 1000, gap * 1000);
    });
  }

  /** Counters and measures of the audio so far. */
  async stats() {
    return this.#totals.add(await readStats(this.#pc));
  }

  /** Levels of this moment, 0 to 1. */
  levels() {
    if (this.#track && this.#input?.track !== this.#track) this.#input = new Meter(this.#track);
    const remote = this.remoteStream?.getAudioTracks()[0];
    if (remote) this.#output ??= new Meter(remote);
    return { input: this.#isSending ? (this.#input?.level() ?? 0) : 0, output: this.#output?.level() ?? 0 };
  }

  close() {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#pc.onconnectionstatechange = null;
    this.#pc.close();
    microphone.close(this.#track);
    this.#track = null;
    sound.remove(this.#player);
  }

  get #isSending() {
    return !!this.#track && !this.#isMuted && !this.#isHeld;
  }

  /** Whether this side put the far side on hold: then nothing is sent and nothing is played. */
  get #isHeld() {
    return this.#wish === "sendonly" || this.#wish === "inactive";
  }

  /** @param {MediaStreamTrack} track */
  async #useTrack(track) {
    this.#track = track;
    this.#settle();
    await this.#transceiver?.sender.replaceTrack(track);
  }

  /** @param {Direction} direction */
  #direct(direction) {
    if (this.#pc.signalingState === "stable") this.#wishBefore = this.#wish;
    this.#wish = direction;
    if (this.isConnected) this.stats().catch(() => {}); // some browsers begin to count anew
    const transceiver = this.#transceiver;
    if (!transceiver) return;
    transceiver.direction = direction;
    const codecs = preferred(this.settings.codec);
    if (codecs.length) transceiver.setCodecPreferences?.(codecs);
  }

  /** What was agreed and wished becomes what is sent and heard. */
  #settle() {
    if (this.#track) this.#track.enabled = !this.#isMuted && !this.#isHeld;
    this.#player.muted = this.#isHeld;
  }

  #audio() {
    const found = this.#pc.getTransceivers().find(({ receiver }) => receiver.track.kind === "audio");
    if (found) return found;
    throw failure("media.no_common_codec", "The far side offers no audio.", "Look at its offer in the gateway's log.");
  }

  /** The local description, once it is complete enough to be sent. @returns {Promise<string>} */
  #gathered() {
    const pc = this.#pc;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        pc.onicecandidate = pc.onicegatheringstatechange = null;
        resolve(pc.localDescription?.sdp ?? "");
      };
      const timer = setTimeout(done, GATHERING_LIMIT_MS);
      if (pc.iceGatheringState === "complete") return done();
      pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done();
      pc.onicecandidate = ({ candidate }) =>
        (!candidate || candidate.type === "srflx" || candidate.type === "relay") && done();
    });
  }

  /** @param {RTCPeerConnectionState} state */
  #changed(state) {
    if (state === "connected") {
      const codec = codecOf(this.#pc.remoteDescription?.type === "answer" ? this.#lastAnswer : (this.#pc.localDescription?.sdp ?? ""));
      this.listener.onEvent("connected", codec);
      this.#timer ??= setInterval(() => void this.stats().then((stats) => this.listener.onStats(stats), () => {}), STATS_EVERY_MS);
    } else if (state === "failed" || state === "disconnected") this.listener.onEvent(state);
  }
}

/**
 * The codec that an answer agrees to: the first of its audio line.
 * @param {string} sdp
 */
export function codecOf(sdp) {
  const payload = /^m=audio \S+ \S+ (\d+)/m.exec(sdp)?.[1];
  const name = new RegExp(`^a=rtpmap:${payload} ([^/\\s]+)`, "m").exec(sdp)?.[1];
  return name ?? { 0: "PCMU", 8: "PCMA", 9: "G722" }[Number(payload)] ?? "";
}

/**
 * The browser's codecs with this one first; none where it has no such codec.
 * @param {string} name
 */
export function preferred(name) {
  const wanted = `audio/${name}`.toLowerCase();
  const all = globalThis.RTCRtpReceiver?.getCapabilities?.("audio")?.codecs ?? [];
  const first = all.filter((codec) => codec.mimeType.toLowerCase() === wanted);
  return first.length ? [...first, ...all.filter((codec) => !first.includes(codec))] : [];
}
