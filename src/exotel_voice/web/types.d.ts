/** What the modules tell one another and what passes between gateway and tab. For the type checker. */
import type { Call, CallDetails, ErrorFacts, MediaStats, TabFacts } from "./exotelsdk.d.ts";
export type * from "./exotelsdk.d.ts";

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";
export type LogType = "log" | "info" | "warn" | "error";
export type ToneName = "ringtone" | "ringbacktone" | "dtmftone" | "beeptone";
export type LinkState = "connecting" | "connected" | "disconnected" | "refused";

/** A call as the gateway tells it. Instants are milliseconds since the epoch. */
export interface CallFacts {
  id: string;
  state: "incoming" | "dialing" | "ringing" | "active" | "held" | "reconnecting" | "ended";
  /** The rest of what `callDetails()` gives. */
  details: Record<string, any>;
  duration?: number;
  is_muted?: boolean;
  is_on_hold?: boolean;
  is_remote_on_hold?: boolean;
  media?: string | null;
  /** The tab that carries the audio; none while nobody does. */
  media_tab?: string | null;
  last_media_tab?: string | null;
}

/** The account as it goes to the gateway. */
export interface AccountFacts {
  user_name?: string;
  domain?: string;
  host?: string;
  display_name?: string;
  secret?: string;
  security?: string;
  port?: number;
  auth_user?: string;
  endpoint?: string;
}

export interface Welcome {
  type: "welcome";
  identity: string;
  allow_page_credentials: boolean;
  ice_servers: RTCIceServer[];
  resume_limit: number;
  server: string;
}

export interface Attached {
  type: "attached";
  account: { user_name: string; display_name: string; domain: string };
  is_active: boolean;
  registration: { state: string; status?: number; reason?: string; hint?: string };
  connection: "connected" | "connecting" | "disconnected";
  calls: CallFacts[];
  tabs: TabFacts[];
}

export interface RegistrationMessage {
  type: "registration";
  state: "sent_request" | "registered" | "unregistered" | "terminated";
  status?: number;
  reason?: string;
  hint?: string;
}

export interface CallMessage {
  type: "call";
  event: string;
  call: CallFacts;
  digit?: string;
  transfer?: { status: number; reason: string; is_final: boolean };
}

export interface MediaRequest {
  type: "media_request";
  id: number;
  media: string;
  call?: string;
  op: "prepare" | "offer" | "answer" | "accept_answer" | "rollback" | "set_muted" | "send_digits" | "close";
  sdp?: string;
  direction?: Direction;
  ice_restart?: boolean;
  muted?: boolean;
  digits?: string;
  duration?: number;
  gap?: number;
  ice_servers?: RTCIceServer[];
}

export type Message =
  | Welcome
  | Attached
  | RegistrationMessage
  | CallMessage
  | MediaRequest
  | { type: "connection"; state: "connected" | "connecting" | "disconnected"; reason?: string }
  | { type: "session"; state: string; call?: string }
  | { type: "tabs"; tabs: TabFacts[] }
  | { type: "result"; request: number; ok: boolean; error?: ErrorFacts; value?: unknown }
  | ({ type: "error"; request?: number } & ErrorFacts)
  | { type: "pong"; at: number };

/** A line and its milliseconds since the epoch. */
export interface DatedLine {
  at: number;
  line: string;
}
/** Asks the gateway for the lines that it keeps, from a number on. */
export type AskForLines = (after: number) => Promise<{ text: string; at: string; next?: string }>;

/** What was thrown: an error with facts. */
export type Failure = Error & ErrorFacts;

/** What a link tells its owner. */
export interface LinkListener {
  /** The media sessions whose connection is alive in this page. */
  media(): string[];
  onMessage(message: Message): void;
  onState(state: LinkState, error?: ErrorFacts): void;
}

/** A request whose result has not come. */
export interface Waiting {
  message: { type: string; request: number };
  isSent: boolean;
  resolve: (value: any) => void;
  reject: (error: Failure) => void;
  timer: number;
}

export type Switch = "is_muted" | "is_on_hold";

/** The details that stand until the gateway tells others. */
export type PlainDetails = Omit<CallDetails, "callDuration">;
/** What a call has besides them. */
export type CallMethods = Omit<OwnCall, keyof PlainDetails>;

/** A call, as the other modules see it. */
export interface OwnCall extends Call {
  readonly facts: CallFacts;
  readonly isAnswering: boolean;
  /** Whether both sides are in the call, held or not. */
  talks(): boolean;
  /** Takes what the gateway knows. */
  update(facts: CallFacts): void;
}

/** What the parts of one phone share. */
export interface Core {
  userName: string;
  /** The state of the line to the platform. */
  line: string;
  link: ReturnType<typeof import("./link.mjs").makeLink>;
  media: ReturnType<typeof import("./media_desk.mjs").makeMediaDesk>;
  calls: CallBook;
  registration: ReturnType<typeof import("./registration.mjs").makeRegistration>;
  /** Whether the phone takes each default device at once. */
  isFollowing?: boolean;
  emit(type: keyof import("./exotelsdk.d.ts").ClientEvents, detail: object): void;
  /** Logs an error, and tells the page of it. */
  complain(what: string, error: unknown, call?: OwnCall): ErrorFacts;
  /** Calls the page's CallListenerCallback. */
  tell(call: OwnCall, event: string): void;
  dtmfTone(digit: string): void;
}

export interface CallBook {
  readonly all: OwnCall[];
  sound(): void;
  receive(message: CallMessage): void;
  attach(state: Attached): void;
  activate(isNow: boolean): void;
  dialed(id: string): OwnCall;
  quiet(id: string): void;
  clear(): void;
}

/** The choices of a phone that hold for all its calls. */
export interface MediaSettings {
  codec: string;
  volume: number;
}

export interface MediaConnection {
  readonly isConnected: boolean;
  readonly remoteStream: MediaStream | null;
  readonly localStream: MediaStream | null;
  volume: number;
  addMicrophone(): Promise<void>;
  /** What the gateway may ask for, by the name of the request; the value is an SDP or nothing. */
  requests: Record<string, (request: MediaRequest) => Promise<string | void> | void>;
  setMuted(isMuted: boolean): void;
  stats(): Promise<MediaStats>;
  levels(): { input: number; output: number };
  close(): void;
}
