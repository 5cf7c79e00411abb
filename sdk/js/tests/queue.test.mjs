import assert from "node:assert/strict";
import { test } from "node:test";
import { ACK, begun, createWorld } from "./world.mjs";

const ids = (messages) => messages.map(({ messageId }) => messageId);

test("an event is on the device before track returns, and leaves it only with the answer", async () => {
  const world = begun();
  world.cartwake.track("custom_thing", { a: 1 });
  assert.equal(world.kept().length, 1);
  assert.equal(world.requests.length, 0);
  await world.tick();
  assert.equal(world.kept().length, 0);
  assert.deepEqual(world.sent()[0].properties, { a: 1 });
  assert.equal(world.requests[0].url, "https://c.example/v1/batch");
  assert.equal(world.requests[0].body.writeKey, "k");
});

test("an outage loses nothing: same ids again, sentAt restamped, waits doubling with jitter", async () => {
  const world = begun();
  world.answers = [[503, ""], [0, ""], [500, ""], [429, ""], [408, ""], ACK];
  for (let n = 0; n < 5; n++) world.cartwake.track("e" + n);
  const waits = [];
  while (world.timers.length) waits.push(await world.tick());
  assert.equal(world.requests.length, 6);
  for (const { body } of world.requests) assert.deepEqual(ids(body.batch), ids(world.requests[0].body.batch));
  assert.equal(new Set(world.requests.map(({ body }) => body.sentAt)).size, 6);
  waits.slice(1).forEach((ms, at) => assert.ok(ms >= 500 * 2 ** at && ms <= 1000 * 2 ** at, `wait ${at}: ${ms}`));
  assert.equal(world.kept().length, 0);
});

test("Retry-After is a minimum, and new events do not cut a wait short", async () => {
  const world = begun();
  world.answers = [[503, "", "7"]];
  world.cartwake.track("a");
  await world.tick();
  world.cartwake.track("b");
  assert.equal(world.timers.length, 1);
  assert.equal(await world.tick(), 7000);
  assert.deepEqual(world.requests[1].body.batch.map(({ event }) => event), ["a", "b"]);
});

test("a wait is never longer than an hour, whatever the server says", async () => {
  const world = begun();
  world.answers = [[503, "", "999999999"]];
  world.cartwake.track("a");
  await world.tick();
  assert.equal(await world.tick(), 3_600_000);
});

for (const status of [400, 401, 403, 413, 422]) {
  test(`${status} is final`, async () => {
    const told = [];
    const world = begun({ debug: (what, detail) => told.push([what, detail]) });
    world.answers = [[status, '{"success":false}']];
    world.cartwake.track("a");
    await world.tick();
    assert.equal(world.kept().length, 0);
    assert.equal(world.timers.length, 0);
    assert.deepEqual(told.at(-1), ["answer", status + '{"success":false}']);
  });
}

test("a 200 that is not the collector's keeps the events", async () => {
  const world = begun();
  world.answers = [[200, "<html>sign in to the hotel's network</html>"], ACK];
  world.cartwake.track("a");
  await world.tick();
  assert.equal(world.kept().length, 1);
  await world.tick();
  assert.equal(world.kept().length, 0);
});

test("what another visit left behind is sent by the next", async () => {
  const before = begun();
  before.cartwake.track("left");
  const after = begun({}, createWorld({ disk: before.disk, nowMs: before.nowMs + 1 }));
  await after.tick();
  assert.deepEqual(after.sent().map(({ event }) => event), ["left"]);
});

test("requests stay within 60 KB, in order, and one that is larger goes alone without keepalive", async () => {
  const world = begun();
  const text = "茶".repeat(6_000); // 18 KB
  for (let n = 0; n < 7; n++) world.cartwake.track("e" + n, { text });
  world.cartwake.track("huge", { text: "x".repeat(70_000) });
  while (world.timers.length) await world.tick();
  assert.deepEqual(world.requests.map(({ body }) => body.batch.length), [3, 3, 1, 1]);
  assert.deepEqual(world.sent().map(({ event }) => event), ["e0", "e1", "e2", "e3", "e4", "e5", "e6", "huge"]);
  for (const { bytes, keepalive } of world.requests) assert.equal(keepalive, bytes <= 61_440);
});

test("at most 1,000 events are kept; the oldest go, and the next request says how many", async () => {
  const world = begun();
  for (let n = 0; n < 1_002; n++) world.cartwake.track("e" + n);
  assert.deepEqual([world.kept().length, world.kept()[0].event], [1_000, "e2"]);
  await world.tick();
  assert.equal(world.requests[0].body.dropped, 2);
  world.cartwake.track("later");
  await world.tick();
  assert.equal(world.requests.at(-1).body.dropped, 0);
});

test("leaving sends a beacon and deletes nothing", async () => {
  const world = begun();
  world.fire("visibilitychange");
  assert.equal(world.beacons.length, 0);
  world.cartwake.track("a");
  world.page.document.hidden = true;
  world.fire("visibilitychange");
  assert.equal(world.beacons.length, 1);
  assert.equal(world.kept().length, 1);
  await world.tick();
  assert.equal(world.sent()[0].messageId, world.beacons[0].body.batch[0].messageId);
});

test("without Web Locks, too, one request at a time; an event that comes meanwhile goes with the next", async () => {
  const world = begun();
  const { fetch } = world.page;
  let answer;
  world.page.fetch = async (...given) => (await new Promise((resolve) => (answer = resolve)), fetch(...given));
  world.cartwake.track("a");
  await world.tick();
  world.cartwake.track("b");
  await world.tick();
  answer();
  await world.rest();
  answer();
  await world.rest();
  assert.deepEqual(world.requests.map(({ body }) => body.batch.map(({ event }) => event)), [["a"], ["b"]]);
});

test("with Web Locks requests wait for the lock, and where it is forbidden they go without", async () => {
  const asked = [];
  const locks = { request: (name, run) => (asked.push(name), asked.length === 1 ? run() : Promise.reject(new Error("SecurityError"))) };
  const world = begun({}, createWorld({ navigator: { locks } }));
  world.cartwake.track("a");
  await world.tick();
  world.cartwake.track("b");
  await world.tick();
  assert.deepEqual(asked, ["cw", "cw"]);
  assert.deepEqual(world.sent().map(({ event }) => event), ["a", "b"]);
});

test("ids are UUIDv7, unique, and sort in the order of the calls even when the clock is set back", () => {
  const world = begun();
  for (let n = 0; n < 500; n++) {
    if (n === 200) world.nowMs -= 60_000;
    world.cartwake.track("e" + n);
  }
  assert.deepEqual(world.kept().map(({ event }) => event), Array.from({ length: 500 }, (_, n) => "e" + n));
  for (const id of ids(world.kept())) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(parseInt(ids(world.kept())[0].replace("-", "").slice(0, 12), 16), 1_800_000_000_000);
});

test("two write keys on one origin do not send each other's events", async () => {
  const one = begun();
  one.cartwake.track("one");
  const two = begun({ writeKey: "k2" }, createWorld({ disk: one.disk }));
  two.cartwake.track("two");
  await two.tick();
  assert.deepEqual(two.sent().map(({ event }) => event), ["two"]);
});
