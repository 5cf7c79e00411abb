/** A world for the core that the test turns by hand: clock, timers, storage, collector. */
import { createCore } from "../dist/core.mjs";

export const ACK = [200, '{"success":true}', null];

export function createWorld({ disk = new Map(), nowMs = 1_800_000_000_000 } = {}) {
  const world = { disk, nowMs, answers: [], requests: [], beacons: [], timers: [], page: "https://shop.example/p?x=1" };
  let last = Promise.resolve();
  const platform = {
    store: {
      keys: () => [...disk.keys()],
      get: (key) => disk.get(key),
      set: (key, value) => disk.set(key, value),
      remove: (key) => disk.delete(key),
    },
    now: () => world.nowMs,
    context: () => ({ page: { url: world.page } }),
    async post(url, body, keepalive) {
      world.requests.push({ url, body: JSON.parse(body), bytes: Buffer.byteLength(body), keepalive });
      return world.answers.shift() ?? ACK;
    },
    beacon: (url, body) => world.beacons.push({ url, body: JSON.parse(body) }),
    lock: (run) => (last = last.then(run, run)),
    later(run, ms) {
      const timer = { run, ms };
      world.timers.push(timer);
      return () => void (world.timers = world.timers.filter((other) => other !== timer));
    },
    begin: () => (world.begun = (world.begun ?? 0) + 1),
  };
  world.core = createCore(platform);
  /** Lets `ms` pass for the timer that is next, and everything it started come to rest. */
  world.tick = async () => {
    const timer = world.timers.shift();
    if (!timer) return undefined;
    world.nowMs += timer.ms;
    timer.run();
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    return timer.ms;
  };
  world.kept = () => [...disk].filter(([key]) => key.startsWith("cw:q:")).sort().map(([, value]) => JSON.parse(value));
  world.sent = () => world.requests.flatMap(({ body }) => body.batch);
  return world;
}

export const begun = (options = {}, world = createWorld()) => {
  world.core.init({ writeKey: "k", host: "https://c.example", ...options });
  return world;
};
