/** What the modules tell one another and what passes between gateway and tab. For the type checker. */
import type { ErrorFacts, MediaStats, TabFacts } from "./exotelsdk.d.ts";
export type * from "./exotelsdk.d.ts";

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";
export type LogType = "log" | "info" | "warn" | "error";
export type ToneName = "ringtone" | "ringbacktone" | "dtmftone" | "beeptone";
export type LinkState = "connecting" | "connected" | "disconnected" | "refused";

/** A call as the gateway tells it. Instants are milliseconds since the epoch. */
export interface CallFacts {
  id: string;
  state: "incoming" | "dialing" | "ringing" | "active" | "held" | "reconnecting" | "ended";
  direction: "incoming" | "outgoing";
  remote_id?: string;
  remote_display_name?: string;
  session_id?: string;
  call_sid?: string;
  leg_sid?: string;
  sip_headers?: Record<string, string>;
  started_at?: number | null;
  answered_at?: number | null;
  established_at?: number | null;
  ended_at?: number | null;
  duration?: number;
  end_reason?: string;
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

/** What a link tells its owner. */
export interface LinkListener {
  /** The media sessions whose connection is alive in this page. */
  media(): string[];
  onMessage(message: Message): void;
  onState(state: LinkState, error?: ErrorFacts): void;
}

/** What a call needs of its client. */
export interface CallHands {
  request(type: string, fields: Record<string, unknown>): Promise<unknown>;
  media: import("./media_desk.mjs").MediaDesk;
  quiet(call: import("./call.mjs").Call): void;
  complain(what: string, error: unknown, call: import("./call.mjs").Call): void;
  dtmfTone(digit: string): void;
  tab(): string;
}

/** What a media connection tells its desk. */
export interface MediaListener {
  onEvent(event: "connected" | "failed" | "disconnected" | "ready", codec?: string): void;
  onStats(stats: MediaStats): void;
}
