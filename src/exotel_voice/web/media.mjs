// @ts-check
import { failure } from "./failure.mjs";
import { microphone } from "./microphone.mjs";
import { sound } from "./sound.mjs";
import { makeMeter, makeStats } from "./stats.mjs";
/** @import {Direction, MediaConnection, MediaRequest, MediaSettings, MediaStats} from "./types.d.ts" */

const GATHERING_LIMIT_MS = 500;
const STATS_EVERY_MS = 1000;

/**
 * The audio of one call: a peer connection, the microphone that feeds it and the player that sounds it.
 * @param {RTCIceServer[]} iceServers
 * @param {MediaSettings} settings
 * @param {(event: "connected" | "failed" | "disconnected" | "ready") => void} onEvent
 * @param {(stats: MediaStats) => void} onStats
 * @returns {MediaConnection}
 */
export function makeMedia(iceServers, settings, onEvent, onStats) {
  const pc = new RTCPeerConnection({ iceServers });
  const player = new Audio();
  /** @type {RTCRtpTransceiver | undefined} */ let transceiver;
  /** @type {MediaStreamTrack | null} */ let mic = null;
  /** @type {ReturnType<typeof makeMeter> | undefined} */ let input;
  /** @type {ReturnType<typeof makeMeter> | undefined} */ let output;
  /** @type {number | undefined} */ let timer;
  let isMuted = false;
  let isClosed = false;
  /** @type {Direction} */ let wish = "sendrecv";
  /** @type {Direction} */ let wishBefore = wish;
  let lastAnswer = "";

  /** Whether this side put the far side on hold: then nothing is sent and nothing is played. */
  const isHeld = () => wish === "sendonly" || wish === "inactive";
  const isSending = () => !!mic && !isMuted && !isHeld();

  /** What was agreed and wished becomes what is sent and heard. */
  const settle = () => {
    if (mic) mic.enabled = isSending();
    player.muted = isHeld();
  };

  /** @param {MediaStreamTrack} track */
  const use = async (track) => {
    mic = track;
    settle();
    await transceiver?.sender.replaceTrack(track);
  };

  /** Puts the microphone on the connection; nothing is agreed anew for that. */
  const addMicrophone = async () => {
    if (mic || isClosed) return;
    const track = await microphone.open((other) => void use(other));
    if (mic || isClosed) return microphone.close(track);
    await use(track);
    onEvent("ready");
  };

  /** Counters and measures of the audio so far. */
  const stats = makeStats(pc);

  /** @param {Direction} direction */
  const direct = (direction) => {
    if (pc.signalingState === "stable") wishBefore = wish;
    wish = direction;
    if (pc.connectionState === "connected") stats().catch(() => {}); // some browsers begin to count anew
    if (!transceiver) return;
    transceiver.direction = direction;
    const codecs = preferred(settings.codec);
    if (codecs.length) transceiver.setCodecPreferences?.(codecs);
  };

  const rollback = async () => {
    await pc.setLocalDescription({ type: "rollback" });
    direct(wishBefore);
    settle();
  };

  /** Makes the local description; gives it once it is complete enough to be sent. @param {RTCOfferOptions} [options] */
  const describe = async (options) => {
    await pc.setLocalDescription(await (options ? pc.createOffer(options) : pc.createAnswer()));
    await new Promise((resolve) => {
      setTimeout(resolve, GATHERING_LIMIT_MS);
      const look = () => pc.iceGatheringState === "complete" && resolve(0);
      pc.onicegatheringstatechange = look;
      pc.onicecandidate = ({ candidate }) => (!candidate || candidate.type === "srflx" || candidate.type === "relay") && resolve(0);
      look();
    });
    return pc.localDescription?.sdp ?? "";
  };

  /**
   * Answers an offer; without a microphone while it only might be wanted.
   * @param {MediaRequest} request
   * @param {boolean} hasMicrophone
   */
  const answer = async ({ sdp, direction = "sendrecv" }, hasMicrophone) => {
    const opening = hasMicrophone ? addMicrophone() : null;
    opening?.catch(() => {}); // awaited below
    if (pc.signalingState === "have-local-offer") await rollback();
    await pc.setRemoteDescription({ type: "offer", sdp });
    transceiver ??= pc.getTransceivers().find(({ receiver }) => receiver.track.kind === "audio");
    if (!transceiver)
      throw failure("media.no_common_codec", "The far side offers no audio.", "Look at its offer in the gateway's log.");
    if (mic) await transceiver.sender.replaceTrack(mic);
    direct(direction);
    await opening;
    const description = await describe();
    settle();
    return description;
  };

  /** @param {boolean} isWished */
  const setMuted = (isWished) => {
    isMuted = isWished;
    settle();
  };

  pc.onconnectionstatechange = () => {
    const { connectionState: state } = pc;
    if (state === "failed" || state === "disconnected") onEvent(state);
    if (state !== "connected") return;
    onEvent(state);
    timer ??= setInterval(() => stats().then(onStats, () => {}), STATS_EVERY_MS);
  };
  pc.ontrack = ({ track }) => {
    player.srcObject = new MediaStream([track]);
    player.volume = settings.volume;
    sound.add(player);
  };

  return {
    addMicrophone,
    setMuted,
    stats,

    get isConnected() {
      return pc.connectionState === "connected";
    },
    get remoteStream() {
      return /** @type {MediaStream | null} */ (player.srcObject);
    },
    get localStream() {
      return mic && new MediaStream([mic]);
    },
    /** @param {number} value from 0 to 1 */
    set volume(value) {
      player.volume = value;
    },

    requests: {
      prepare: (request) => answer(request, false),
      answer: (request) => answer(request, true),
      rollback,
      async offer({ direction = "sendrecv", ice_restart: iceRestart }) {
        await addMicrophone();
        transceiver ??= pc.addTransceiver(/** @type {MediaStreamTrack} */ (mic), { direction });
        direct(direction);
        return describe({ iceRestart });
      },
      async accept_answer({ sdp = "" }) {
        if (pc.signalingState === "stable" && sdp === lastAnswer) return;
        await pc.setRemoteDescription({ type: "answer", sdp });
        lastAnswer = sdp;
        settle();
      },
      set_muted: ({ muted }) => setMuted(!!muted),
      /** Sends digits as RFC 4733 events; resolves when the last one has ended. */
      async send_digits({ digits = "", duration = 0.16, gap = 0.07 }) {
        await addMicrophone(); // it may be on its way
        const dtmf = transceiver?.sender.dtmf;
        if (!dtmf?.canInsertDTMF || !isSending())
          throw failure("state.invalid", "Digits cannot be sent beside the audio of this call.", "Send them by SIP INFO.");
        await new Promise((resolve) => {
          dtmf.ontonechange = ({ tone }) => tone || resolve(0);
          dtmf.insertDTMF(digits, duration * 1000, gap * 1000);
        });
      },
    },

    /** Levels of this moment, 0 to 1. */
    levels() {
      if (mic && input?.track !== mic) input = makeMeter(mic);
      const remote = this.remoteStream?.getAudioTracks()[0];
      if (remote) output ??= makeMeter(remote);
      return { input: (isSending() && input?.level()) || 0, output: output?.level() ?? 0 };
    },

    close() {
      isClosed = true;
      clearInterval(timer);
      pc.onconnectionstatechange = null;
      pc.close();
      microphone.close(mic);
      mic = null;
      sound.remove(player);
    },
  };
}

/**
 * The browser's codecs with this one first; none where it has no such codec.
 * @param {string} name
 */
export function preferred(name) {
  const all = RTCRtpReceiver.getCapabilities("audio")?.codecs ?? [];
  /** @param {RTCRtpCodec} codec */
  const rank = ({ mimeType }) => +(mimeType.toLowerCase() !== `audio/${name}`.toLowerCase());
  return all.some((codec) => !rank(codec)) ? all.sort((a, b) => rank(a) - rank(b)) : [];
}
