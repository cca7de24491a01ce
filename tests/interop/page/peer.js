// One phone in a page, driven by a test. `JsSipPeer` and `SipJsPeer` fill in the stack; here is what
// they share: a tone as the microphone, a measure of what is heard, and a log of what happened.

class Peer {
    constructor(toneHz) {
        this.log = [];
        this.digits = [];
        this.state = "idle";
        this.audio = new AudioContext();
        const tone = new OscillatorNode(this.audio, { frequency: toneHz });
        const volume = new GainNode(this.audio, { gain: 0.5 });
        const microphone = new MediaStreamAudioDestinationNode(this.audio);
        tone.connect(volume).connect(microphone);
        tone.start();
        this.microphone = microphone.stream;
        navigator.mediaDevices.getUserMedia = async () => this.microphone.clone();
        this.ear = new AnalyserNode(this.audio, { fftSize: 8192, smoothingTimeConstant: 0 });
    }

    note(what) {
        this.log.push(what);
    }

    enter(state) {
        this.state = state;
        this.note(state);
    }

    // A remote stream reaches WebAudio only while a media element plays it too.
    listen(connection) {
        connection.addEventListener("track", (event) => this.hear(event.track));
        for (const receiver of connection.getReceivers()) this.hear(receiver.track);
    }

    hear(track) {
        if (track.kind !== "audio" || this.track === track) return;
        this.track = track;
        const stream = new MediaStream([track]);
        this.speaker = new Audio();
        this.speaker.muted = true;
        this.speaker.srcObject = stream;
        this.speaker.play();
        this.source = new MediaStreamAudioSourceNode(this.audio, { mediaStream: stream });
        this.source.connect(this.ear);
    }

    // The strongest frequency that is heard now, in Hz, and its level in dB below full scale.
    heard() {
        const bins = new Float32Array(this.ear.frequencyBinCount);
        this.ear.getFloatFrequencyData(bins);
        let best = 0;
        for (let bin = 1; bin < bins.length; bin += 1) if (bins[bin] > bins[best]) best = bin;
        const width = this.audio.sampleRate / this.ear.fftSize;
        return { frequency: best * width, level: Number.isFinite(bins[best]) ? bins[best] : -200 };
    }
}
