/** A page without a browser that the test turns by hand: clock, timers, storage, collector. It runs the file that is shipped. */
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import { join } from "node:path";
import { Script, createContext } from "node:vm";

const script = new Script(readFileSync(join(import.meta.dirname, "..", "dist", "cartwake.js"), "utf8"), { filename: "cartwake.js" });
export const ACK = [200, '{"success":true}', null];
const QUEUED = /^cw_k2?:/;

/** `disk` is what localStorage holds, `cookies` what the browser holds; `navigator` and `document` are added to the page's. */
export function createWorld({ disk = {}, cookies = {}, nowMs = 1_800_000_000_000, url = "https://shop.example/p?x=1", navigator = {}, document = {}, stub } = {}) {
  const world = { disk, cookies, nowMs, answers: [], requests: [], beacons: [], timers: [], listeners: {} };
  const page = {
    localStorage: disk,
    crypto: webcrypto,
    URL,
    AbortSignal: { timeout: () => undefined },
    location: new URL(url),
    history: { pushState: (_state, _title, to) => (page.location.href = new URL(to, page.location)), replaceState: (_state, _title, to) => (page.location.href = String(to)) },
    navigator: { language: "pt-PT", sendBeacon: (to, body) => world.beacons.push({ url: to, body: JSON.parse(body) }), ...navigator },
    document: {
      title: "Tea",
      referrer: "",
      hidden: false,
      get cookie() {
        return Object.entries(cookies).map(([name, { value }]) => `${name}=${value}`).join("; ");
      },
      set cookie(text) {
        const [pair, ...attributes] = text.split(";");
        const [name, value] = pair.split("=");
        if (attributes.includes("max-age=0")) delete cookies[name];
        else cookies[name] = { value, attributes };
      },
      ...document,
    },
    addEventListener: (type, listener) => (world.listeners[type] ??= []).push(listener),
    async fetch(to, { body, keepalive }) {
      world.requests.push({ url: to, body: JSON.parse(body), bytes: Buffer.byteLength(body), keepalive });
      const [status, text, retryAfter = null] = world.answers.shift() ?? ACK;
      if (!status) throw new TypeError("Failed to fetch");
      return { status, text: async () => text, headers: { get: () => retryAfter } };
    },
    setTimeout(run, ms) {
      const id = ++world.timersMade;
      world.timers.push({ run, ms, id });
      return id;
    },
    clearTimeout: (id) => void (world.timers = world.timers.filter((timer) => timer.id !== id)),
    now: () => world.nowMs,
  };
  world.timersMade = 0;
  page.window = page;
  if (stub) page.cartwake = { q: stub };
  createContext(page);
  new Script("Date.now = now").runInContext(page);
  script.runInContext(page);
  world.page = page;
  world.cartwake = page.cartwake;
  world.fire = (type, event = {}) => world.listeners[type].forEach((listener) => listener(event));
  /** Lets everything that is under way come to rest. */
  world.rest = () => new Promise((resolve) => setImmediate(resolve));
  /** Lets `ms` pass for the timer that is next, and everything it started come to rest. */
  world.tick = async () => {
    const timer = world.timers.shift();
    if (!timer) return undefined;
    world.nowMs += timer.ms;
    timer.run();
    await world.rest();
    return timer.ms;
  };
  /** The events on the device, the oldest first. */
  world.kept = () => Object.keys(disk).filter((key) => QUEUED.test(key)).sort().map((key) => JSON.parse(disk[key]));
  world.last = () => world.kept().at(-1);
  world.sent = () => world.requests.flatMap(({ body }) => body.batch);
  world.cart = () => JSON.parse(JSON.stringify(world.cartwake.cart()));
  world.consent = () => JSON.parse(JSON.stringify(world.cartwake.consent()));
  /** What localStorage holds beside the events. */
  world.stored = () => Object.keys(disk).filter((key) => !QUEUED.test(key)).sort();
  return world;
}

export const begun = (options = {}, world = createWorld()) => {
  world.cartwake.init({ writeKey: "k", host: "https://c.example", pageViews: false, ...options });
  return world;
};
