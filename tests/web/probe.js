// What the test page remembers, and its ears: loaded before the phone, in both script forms.
window.told = [];
window.states = [];
window.sessions = [];
window.lines = [];
window.calls = [];
function RegisterEventCallBack(state, phone) { states.push(`${state} ${phone}`); }
function CallListenerCallback(callObj, eventType, phone) { told.push(`${eventType} ${phone}`); calls.push(callObj); }
function SessionCallback(callState, phone) { sessions.push(`${callState} ${phone}`); }

// The microphone is a pure tone that the far side can recognize; the browser's own is opened and let go, so that consent is real.
const realUserMedia = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (realUserMedia) navigator.mediaDevices.getUserMedia = async (constraints) => {
  const real = await realUserMedia(constraints);
  for (const track of real.getTracks()) track.stop();
  window.microphonesOpened = (window.microphonesOpened ?? 0) + 1;
  const context = (window.voiceContext ??= new AudioContext());
  const [voice, exit] = [context.createOscillator(), context.createMediaStreamDestination()];
  voice.frequency.value = 600;
  voice.connect(exit);
  voice.start();
  return exit.stream;
};

// The strongest frequency that comes from the far side, and its level in decibels.
let ear = null;
function heard(stream) {
  if (!stream) return { frequency: 0, level: -Infinity };
  if (ear?.stream !== stream) {
    const context = (window.earContext ??= new AudioContext());
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(stream).connect(analyser);
    ear = { stream, analyser, bins: new Float32Array(analyser.frequencyBinCount), width: context.sampleRate / 8192 };
  }
  ear.analyser.getFloatFrequencyData(ear.bins);
  let best = 1;
  ear.bins.forEach((level, bin) => { if (bin > 1 && level > ear.bins[best]) best = bin; });
  return { frequency: best * ear.width, level: ear.bins[best] };
}
