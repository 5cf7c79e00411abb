/**
 * Keeps events on the device, one storage key each (tabs never rewrite each other's, so none can lose another's), and sends them, oldest
 * first. An event leaves the device only when the collector has answered for it.
 */
import { options } from "./page.js";
import { get, keys as stored, remove, set } from "./store.js";
import type { Message } from "./types.js";
import { allowed } from "./visitor.js";

const MAX_CHARS = 2e4; // 60 KB at most: a page has 64 KiB for all its keepalive requests together
const MAX_KEPT = 1e3;
const GATHER_MS = 100;
const MAX_WAIT_MS = 3e5;
const MAX_RETRY_AFTER_MS = 36e5;
const TIMEOUT_MS = 3e4;

let failures = 0;
let dropped = 0;
let timer: number | void; // that is running
let busy: unknown;

const prefix = () => `cw_${options.writeKey}:`;
const queued = () => stored().filter((key) => key.startsWith(prefix())).sort();
const url = () => [options.host] + "/v1/batch";

/** The oldest events, as many as fit (one that is larger comes alone): joined by commas, and their keys. */
function take(): [string, string[]] {
  const keys = [];
  let events = "";
  for (const key of queued()) {
    if (!allowed() && !/"event":"consent"/.test(get(key)!)) remove(key);
    const event = get(key);
    if (!event) continue; // it was refused, or another tab has sent it meanwhile
    if (events && (events + event).length > MAX_CHARS) break;
    events += (events && ",") + event;
    keys.push(key);
  }
  return [events, keys];
}

const envelope = (events: string): string =>
  JSON.stringify({ writeKey: options.writeKey, sentAt: Date.now(), dropped }).slice(0, -1) + `,"batch":[${events}]}`;

/** Sends what there is, after a while. */
export function wake(ms: number): void {
  clearTimeout(timer!);
  timer = setTimeout(flush, ms);
  options.debug?.("wait", ms);
}

async function sendAll(): Promise<void> {
  if (busy) return;
  busy = 1;
  for (;;) {
    const [events, keys] = take();
    const counted = dropped;
    let retryAfterMs = 0;
    if (timer || !events) break;
    try {
      // A body that is a string goes as text/plain: no preflight.
      const response = await fetch(url(), {
        method: "POST",
        body: envelope(events),
        keepalive: events.length <= MAX_CHARS,
        signal: AbortSignal.timeout?.(TIMEOUT_MS),
      } as RequestInit);
      const answer = response.status + (await response.text());
      options.debug?.("answer", answer, keys);
      // Final: sending again cannot change it. A 200 that is not the collector's (a portal, a static host) is no answer.
      if (/^200.*"success"|^4(?!08|29)/.test(answer)) {
        dropped -= counted;
        failures = 0;
        keys.forEach(remove);
        continue;
      }
      retryAfterMs = (response.headers.get("retry-after") as never) * 1e3 || 0;
    } catch {
      // no answer
    }
    wake(Math.max(Math.min(1e3 * 2 ** failures++, MAX_WAIT_MS) * (0.5 + Math.random() / 2), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)));
  }
  busy = 0;
}

/** Sends what there is, now; one at a time, over all tabs where the browser can. */
export function flush(): Promise<unknown> {
  timer = clearTimeout(timer!);
  // A sandboxed page has locks and may not use them.
  return (navigator.locks?.request("cw", sendAll).catch(sendAll) || sendAll()) as Promise<unknown>;
}

/** Keeps an event, and sends it soon. */
export function add(message: Message): void {
  set(prefix() + message.messageId, JSON.stringify(message), !options.cookieless);
  for (const key of queued().slice(0, -MAX_KEPT)) {
    remove(key);
    dropped++;
  }
  if (!timer) wake(GATHER_MS);
}

/** The page may be gone any moment: sends once more without waiting for, or counting on, an answer. */
export function leaving(): void {
  const [events] = take();
  if (events) navigator.sendBeacon(url(), envelope(events));
}
