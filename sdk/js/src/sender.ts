/** Sends the queue, oldest first; an event leaves the device only when the collector has answered for it. */
import type { Queue } from "./queue.js";
import type { Answer, Options, Platform } from "./types.js";

const MAX_BYTES = 6e4; // a page has 64 KiB for all its keepalive requests together
const MAX_WAIT_MS = 3e5;
const MAX_RETRY_AFTER_MS = 36e5;

export interface Sender {
  /** A new event is in the queue; `dropped` old ones made room for it. */
  queued(dropped: number): void;
  /** Sends what there is, now. */
  flush(): Promise<void>;
  /** The page may be gone any moment: sends once more without waiting for, or counting on, an answer. */
  leaving(): void;
}

/** True when sending again cannot change the outcome. A 200 that is not the collector's (a portal, a static host) is no answer. */
const isFinal = ([status, text]: Answer): boolean => (status === 200 ? /"success"/.test(text) : /^4(?!08|29)/.test("" + status));

export function createSender(platform: Platform, queue: Queue, options: Options): Sender {
  const { writeKey, debug, host = "", flushMs = 100, retryMs = 1e3 } = options;
  const url = host + "/v1/batch";
  let failures = 0;
  let dropped = 0;
  let cancel: (() => void) | undefined; // of the timer that is running, if one is
  let left = "";

  const envelope = (events: string): string =>
    JSON.stringify({ writeKey, sentAt: new Date(platform.now()), dropped }).slice(0, -1) + `,"batch":[${events}]}`;
  const wake = (ms: number) => {
    cancel?.();
    cancel = platform.later(() => void flush(), ms);
  };
  const sendOne = async (): Promise<boolean> => {
    const [events, keys, bytes] = queue.take(MAX_BYTES);
    if (!events) return false;
    const counted = dropped;
    const answer = await platform.post(url, envelope(events), bytes <= MAX_BYTES);
    if (isFinal(answer)) {
      queue.remove(keys);
      dropped -= counted;
      failures = 0;
      debug?.(answer[0] === 200 ? "sent" : "refused", { answer, keys });
      return true;
    }
    const backoffMs = Math.min(retryMs * 2 ** failures++, MAX_WAIT_MS) * (0.5 + Math.random() / 2);
    const waitMs = Math.max(backoffMs, Math.min(+answer[2]! * 1e3 || 0, MAX_RETRY_AFTER_MS));
    wake(waitMs);
    debug?.("retry", waitMs);
    return false;
  };
  const flush = (): Promise<void> => {
    cancel = cancel?.() as undefined;
    return platform.lock(async () => {
      while (!cancel && (await sendOne()));
    });
  };
  return {
    queued(count) {
      dropped += count;
      if (!cancel) wake(flushMs);
    },
    flush,
    leaving() {
      const [events] = queue.take(MAX_BYTES);
      if (events && events !== left) platform.beacon(url, envelope((left = events)));
    },
  };
}
