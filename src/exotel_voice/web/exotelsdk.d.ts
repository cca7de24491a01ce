/**
 * The phone of a page. Names and spelling are those of the integration guide; what the guide does
 * not have is marked as an addition.
 */

export interface ErrorFacts {
  /** Stable and short, for programs: `media.microphone_denied`, `transport.connection_lost`, ... */
  code: string;
  message: string;
  /** One sentence that says what to do. */
  hint: string;
}

/** Guide section 6. `secret` is only for a gateway that allows page credentials. */
export interface SipAccountInfo {
  userName?: string;
  authUser?: string;
  sipdomain?: string;
  /** `host:port` of the platform. */
  domain?: string;
  displayname?: string;
  displayName?: string;
  secret?: string;
  port?: string | number;
  security?: "wss" | "ws";
  endpoint?: string;
  accountSid?: string;
  sipUri?: string;
  contactHost?: string;
}

export type RegisterState = "registered" | "unregistered" | "terminated" | "sent_request";
export type CallEventType = "incoming" | "connected" | "callEnded" | "terminated" | "activeSession";
export type SessionState = "incoming" | "connected" | "callEnded" | "re-register";
export type CallState =
  | "incoming" | "dialing" | "ringing" | "active" | "held" | "reconnecting" | "ended";
export type ClientStatus =
  | "media_permission_denied" | "not_initialized" | "websocket_connection_failed" | "unregistered"
  | "terminated" | "initial" | "registered" | "unknown" | "disconnected" | "connecting";

/** `reason` is an addition: why a registration was refused or lost. */
export type RegisterEventCallBack = (state: RegisterState, phone: string, reason?: ErrorFacts) => unknown;
export type CallListenerCallback = (call: Call, eventType: CallEventType, phone: string) => unknown;
export type SessionCallback = (callState: SessionState, phone: string) => unknown;

/** All that is known of a call (guide 5.4). `callDuration` is in seconds. */
export interface CallDetails {
  callId: string;
  remoteId: string;
  remoteDisplayName: string;
  callDirection: "incoming" | "outgoing";
  callState: CallState;
  callDuration: number;
  callStartedTime: Date | null;
  callEstablishedTime: Date | null;
  callEndedTime: Date | null;
  callAnswerTime: Date | null;
  callEndReason: string;
  sessionId: string;
  callSid: string;
  legSid: string;
  sipHeaders: Record<string, string>;
}

/** Counters since the start of the call's audio here; levels are 0 to 1. */
export interface MediaStats {
  codec: string;
  packets_sent: number;
  packets_received: number;
  packets_lost: number;
  bytes_sent: number;
  bytes_received: number;
  jitter_ms: number;
  /** Null until the far side has reported. */
  round_trip_ms: number | null;
  input_level: number;
  output_level: number;
  buffer_ms: number;
  concealed_ms: number;
}

export interface TabFacts {
  tab: string;
  is_active: boolean;
  is_self: boolean;
  /** The call whose audio this tab carries. */
  has_media: string | null;
}

/** One call. Its fields are always those of now; a method answers false, with the reason in the log, when the state forbids it. */
export interface Call extends CallDetails {
  /** Additions, for showing. */
  readonly isMuted: boolean;
  readonly isOnHold: boolean;
  readonly isRemoteOnHold: boolean;
  /** Whether the audio is in this tab. */
  readonly isHere: boolean;
  readonly remoteStream: MediaStream | null;
  readonly localStream: MediaStream | null;
  /** Accepts an incoming call (guide 5.5), or takes over one whose audio is elsewhere or nowhere (5.10). */
  Answer(): boolean;
  /** Ends the call, or rejects it with 486 while it rings (guide 5.6). */
  Hangup(): boolean;
  Mute(): boolean;
  UnMute(): boolean;
  MuteToggle(): boolean;
  Hold(): boolean;
  UnHold(): boolean;
  HoldToggle(): boolean;
  /** One of 0-9, *, #, A-D, or a comma for a pause. `method` is an addition. */
  sendDTMF(digit: string | number, method?: "info" | "rfc4733" | "auto"): boolean;
  callDetails(): CallDetails;
  /** Additions. */
  reject(status?: number, reason?: string): Promise<void>;
  /** Blind transfer to a SIP address, user name or number. */
  transfer(target: string): Promise<void>;
  /** Joins the far sides of two calls. */
  transferTo(other: Call): Promise<void>;
  /** Null where the audio is not in this tab. */
  stats(): Promise<MediaStats | null>;
  /** Levels of this moment, 0 to 1, for meters. */
  levels(): { input: number; output: number };
}

export interface ClientEvents {
  registration: CustomEvent<{ state: RegisterState; phone: string; reason?: ErrorFacts }>;
  /** The state of the line to the platform, as far as the page can know. */
  connection: CustomEvent<{ state: "connected" | "connecting" | "disconnected" | "refused"; reason?: ErrorFacts }>;
  /** Every fact of every call, also those that the guide's callback leaves out. */
  call: CustomEvent<{ event: string; call: Call; digit?: string; transfer?: { status: number; reason: string; is_final: boolean } }>;
  tabs: CustomEvent<{ tabs: TabFacts[] }>;
  /** Each second of a call whose audio is here. */
  quality: CustomEvent<{ call: Call | undefined; stats: MediaStats }>;
  /** The browser lets nothing sound before the user touches the page. */
  autoplay: CustomEvent<{ isBlocked: boolean }>;
  /** Something that the page asked for failed. */
  error: CustomEvent<ErrorFacts & { call?: Call }>;
  log: CustomEvent<{ type: string; message: string; args: unknown[] }>;
}

type DeviceCallback = (deviceId: string) => unknown;
type Done = () => unknown;
type Failed = (error: Error) => unknown;
type LoggerCallback = (type: "log" | "info" | "warn" | "error", message: string, args: unknown[]) => unknown;
type Listener<K extends keyof ClientEvents> = ((event: ClientEvents[K]) => void) | null;

/** The names of a phone: on an instance, and on the class itself, which is then one default phone. */
export interface PhoneApi {
  initWebrtc(
    sipAccountInfo: SipAccountInfo | null | undefined,
    RegisterEventCallBack?: RegisterEventCallBack | null,
    CallListenerCallback?: CallListenerCallback | null,
    SessionCallback?: SessionCallback | null,
    enableAutoAudioDeviceChangeHandling?: boolean,
  ): Promise<boolean>;
  DoRegister(): boolean;
  UnRegister(): boolean;
  unregister(): boolean;
  getCall(): Call | null;
  SessionListener(): void;
  checkClientStatus(callback: (status: ClientStatus) => unknown): void;

  initDiagnostics(
    reportCallback: (logStatus: string, logData: string) => unknown,
    keyValueCallback: (key: string, status: string | number, description: string) => unknown,
  ): void;
  closeDiagnostics(): void;
  startSpeakerDiagnosticsTest(): void;
  stopSpeakerDiagnosticsTest(response?: string): void;
  startMicDiagnosticsTest(): void;
  stopMicDiagnosticsTest(response?: string): void;
  startNetworkDiagnostics(): void;
  stopNetworkDiagnostics(): void;

  registerAudioDeviceChangeCallback(
    onInput: DeviceCallback | null,
    onOutput?: DeviceCallback | null,
    onDeviceChange?: ((devices: MediaDeviceInfo[]) => unknown) | null,
  ): void;
  changeAudioInputDevice(deviceId: string, onSuccess?: Done, onError?: Failed, forceDeviceChange?: boolean): void;
  changeAudioOutputDevice(deviceId: string, onSuccess?: Done, onError?: Failed, forceDeviceChange?: boolean): void;

  registerLoggerCallback(callback: LoggerCallback | null): void;
  setEnableConsoleLogging(isEnabled: boolean): void;
  downloadLogs(): void;
  /** `opus`, `pcmu`, `pcma` or `g722`, for calls from now on. */
  setPreferredCodec(name: string): boolean;
  setNoiseSuppression(isEnabled: boolean): void;
  /** `ringtone`, `ringbacktone`, `dtmftone` or `beeptone`; 0 to 1. */
  setAudioOutputVolume(name: string, value: number): boolean;
  getAudioOutputVolume(name: string): number;
  setCallAudioOutputVolume(value: number): boolean;
  getCallAudioOutputVolume(): number;

  /** Additions. */
  readonly calls: Call[];
  dial(target: string, headers?: Record<string, string>): Promise<Call>;
  close(): Promise<void>;
  addEventListener<K extends keyof ClientEvents>(type: K, listener: Listener<K>, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof ClientEvents>(type: K, listener: Listener<K>, options?: boolean | EventListenerOptions): void;
}

export interface ExotelWebClient extends PhoneApi {}
export interface ExotelWebClientConstructor extends PhoneApi {
  /** `gateway` is the address of the gateway's WebSocket, where the script was not loaded from it. */
  new (options?: { gateway?: string }): ExotelWebClient;
}
export declare const ExotelWebClient: ExotelWebClientConstructor;
export declare function SessionListener(): void;
export default ExotelWebClient;

declare global {
  /** What the classic script leaves in the page. */
  const exotelSDK: {
    ExotelWebClient: ExotelWebClientConstructor;
    SessionListener: () => void;
    default: ExotelWebClientConstructor;
  };
}
