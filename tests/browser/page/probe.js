// Loaded before the module under test: keeps what its callbacks tell, and measures what a page hears.

"use strict";

const probe = {
    /** Everything that the callbacks told, in order: `register:registered`, `call:incoming`, ... */
    log: [],
    /** The same with the time, in milliseconds of `performance.now()`. */
    times: [],
    calls: [],
    errors: [],
    connections: [],
    ear: null,

    note(what) {
        this.log.push(what);
        this.times.push({ what, at: performance.now() });
    },

    callbacks() {
        return [
            (state, phone) => this.note(`register:${state}:${phone}`),
            (call, event, phone) => {
                this.calls.push({ ...call.callDetails(), event });
                this.note(`call:${event}:${phone}`);
            },
            (state, phone) => this.note(`session:${state}:${phone}`),
        ];
    },

    /** Begin to measure the newest connection's incoming audio; again after a change of connection. */
    async listen() {
        const track = this.connections
            .filter((connection) => connection.connectionState !== "closed")
            .flatMap((connection) => connection.getReceivers())
            .map((receiver) => receiver.track)
            .filter((one) => one && one.kind === "audio" && one.readyState === "live")
            .at(-1);
        if (!track) return false;
        if (this.ear?.track === track) return true;
        const context = (this.context ??= new AudioContext());
        if (context.state !== "running") context.resume().catch(() => {});
        const stream = new MediaStream([track]);
        const player = new Audio();
        player.muted = true;
        player.srcObject = stream;
        player.play().catch(() => {});
        const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
        const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
        source.connect(analyser);
        this.ear = { track, analyser, source, player };
        return true;
    },

    /** The strongest frequency heard now, in Hz, and its level in dB below full scale. */
    async heard() {
        if (!(await this.listen())) return { frequency: 0, level: -200 };
        const { analyser } = this.ear;
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        let best = 1;
        for (let bin = 2; bin < bins.length; bin += 1) if (bins[bin] > bins[best]) best = bin;
        const width = this.context.sampleRate / analyser.fftSize;
        return {
            frequency: best * width,
            level: Number.isFinite(bins[best]) ? bins[best] : -200,
        };
    },
};

globalThis.probe = probe;

const NativeConnection = globalThis.RTCPeerConnection;
if (NativeConnection) {
    globalThis.RTCPeerConnection = class extends NativeConnection {
        constructor(...settings) {
            super(...settings);
            probe.connections.push(this);
        }
    };
}
addEventListener("error", (event) => probe.errors.push(String(event.message)));
addEventListener("unhandledrejection", (event) => probe.errors.push(String(event.reason)));
