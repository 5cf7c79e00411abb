/** What a shop sets, what goes over the wire, and what the core asks of the world. */
import type { Core } from "./core.js";
import type { Properties } from "./events.gen.js";

export type Traits = Record<string, unknown>;
export type Call = "track" | "page" | "identify" | "alias" | "group";

/** One event as it is sent. */
export interface Message {
  type: Call;
  messageId: string;
  anonymousId: string;
  userId?: string;
  previousId?: string;
  groupId?: string;
  event?: string;
  name?: string;
  timestamp: string;
  properties?: Properties;
  traits?: Traits;
  context: Record<string, unknown>;
}

/** What `debug` is told: a message was kept; the collector's answer, with the keys of the events it is for; how many ms until the next try. */
export type Happening = "event" | "sent" | "refused" | "retry";

export interface Options {
  /** The shop's public write key. */
  writeKey: string;
  /** Where the collector is, without a trailing slash; empty: this origin. */
  host?: string;
  /** Currency (ISO 4217) of every event that carries items and none of its own. */
  currency?: string;
  /** Page views by themselves, also of single-page apps. Default true. */
  pageViews?: boolean;
  /** How long events are gathered before they are sent, ms. Default 100. */
  flushMs?: number;
  /** First back-off after a failure, ms; doubles up to five minutes. Default 1000. */
  retryMs?: number;
  /** Most events kept on the device; the oldest go first, and are counted. Default 1000. */
  maxQueue?: number;
  /** Changes an event before it is kept, or drops it by returning nothing. */
  before?: (message: Message) => Message | null | undefined | false;
  /** Told of everything that happens: `debug: console.log`. */
  debug?: (what: Happening, detail: unknown) => void;
}

/** A share link and the id that it carries. */
export interface Share {
  share_id: string;
  url: string;
}

/** What the collector answered; status 0 when it did not. */
export type Answer = [status: number, text: string, retryAfter?: string | null];

/** Key-value storage that outlives the page; `set` never throws. */
export interface Store {
  keys(): string[];
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
}

/** All that the core asks of the world around it. */
export interface Platform {
  store: Store;
  now(): number;
  context(): { page?: { url: string }; [name: string]: unknown };
  post(url: string, body: string, keepalive: boolean): Promise<Answer>;
  beacon(url: string, body: string): void;
  /** Runs one at a time, over all tabs where the browser can. */
  lock(run: () => Promise<void>): Promise<void>;
  /** Runs once, later; returns what cancels it. */
  later(run: () => void, ms: number): () => void;
  /** `init` was called for the first time. */
  begin(core: Core, options: Options): void;
}
