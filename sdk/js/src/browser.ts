/** What the core asks of the world, as a browser gives it. Nothing here runs before it is asked to. */
import { DEVICE } from "./core.js";
import { before, listen } from "./listen.js";
import type { Platform, Store } from "./types.js";

declare const VERSION: string;

const TIMEOUT_MS = 3e4;

/** localStorage; where it is full or forbidden, memory, and a cookie for the device id. */
function createStore(): Store {
  const memory: Record<string, string> = {};
  let disk: Record<string, string> = memory;
  try {
    disk = localStorage || memory;
  } catch {
    // forbidden: memory has to do
  }
  return {
    keys: () => Object.keys(disk).concat(Object.keys(memory)),
    get: (key) => memory[key] || disk[key] || (key === DEVICE ? /\bcw_id=([^;]+)/.exec(document.cookie)?.[1] : undefined),
    set(key, value) {
      delete memory[key];
      try {
        disk[key] = value;
      } catch {
        memory[key] = value;
      }
      if (key === DEVICE && (disk === memory || memory[key])) document.cookie = `cw_id=${value};path=/;max-age=31536000;samesite=lax`;
    },
    remove(key) {
      delete memory[key];
      delete disk[key];
      if (key === DEVICE) document.cookie = "cw_id=;path=/;max-age=0";
    },
  };
}

/** The collector takes campaign tags and click ids from the page's address. */
const context = () => ({
  page: { url: location.href, title: document.title, referrer: before() ?? document.referrer },
  locale: navigator.language,
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  library: { name: "cartwake-js", version: VERSION },
});

export function createPlatform(): Platform {
  let last = Promise.resolve();
  return {
    store: createStore(),
    now: Date.now,
    context,
    begin: listen,
    async post(url, body, keepalive) {
      try {
        // A body that is a string goes as text/plain: no preflight.
        const response = await fetch(url, { method: "POST", body, keepalive, signal: AbortSignal.timeout?.(TIMEOUT_MS) ?? null });
        return [response.status, await response.text(), response.headers.get("retry-after")];
      } catch {
        return [0, ""];
      }
    },
    beacon: (url, body) => navigator.sendBeacon(url, body),
    // A sandboxed page has locks and may not use them.
    lock: (run) => (navigator.locks ? navigator.locks.request("cw", run).catch(run) : (last = last.then(run, run))),
    later(run, ms) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
}
