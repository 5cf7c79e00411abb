import assert from "node:assert/strict";
import { test } from "node:test";
import { begun, createWorld } from "./world.mjs";

const YES = { analytics: true, marketing: true, personalisation: true };
const NO = { analytics: false, marketing: false, personalisation: false };
const names = (world) => world.kept().map(({ type, event }) => event ?? type);

test("consent is an event with purposes, version and basis; the same again is none; what is not named stays", () => {
  const world = begun();
  world.cartwake.consent({ ...YES, marketing: false }, { version: "2026-11", basis: "consent" });
  world.cartwake.consent({ ...YES, marketing: false }, { version: "2026-11", basis: "consent" });
  assert.deepEqual(world.kept().map(({ event, properties }) => [event, properties]), [
    ["consent", { purposes: { ...YES, marketing: false }, version: "2026-11", basis: "consent" }],
  ]);
  world.cartwake.consent({ personalisation: false });
  assert.deepEqual(world.last().properties.purposes, { analytics: true, marketing: false, personalisation: false });
  assert.deepEqual(world.consent(), { analytics: true, marketing: false, personalisation: false });
});

test("with analytics refused nothing is sent but consent events, nothing about the visitor is on the device, and what waited is gone", async () => {
  const world = begun();
  world.cartwake.identify("ana");
  world.cartwake.addToCart({ product_id: "tea" });
  world.cartwake.consent({ analytics: false });
  world.cartwake.track("x");
  world.cartwake.page();
  world.cartwake.addToCart({ product_id: "cup" });
  assert.deepEqual(world.stored(), ["cw_consent"]);
  while (world.timers.length) await world.tick();
  assert.deepEqual(world.sent().map(({ event }) => event), ["consent"]);
  assert.equal(world.cart().items.length, 2); // in memory: the page's cart goes on
  const next = begun({ pageViews: true }, createWorld({ disk: world.disk }));
  next.cartwake.track("y");
  assert.deepEqual(names(next), []);
  assert.deepEqual(next.stored(), ["cw_consent"]);
});

test("a refusal that could not be sent goes out on the next visit", async () => {
  const world = begun();
  world.answers = [[503, ""]];
  world.cartwake.consent(NO);
  await world.tick();
  const next = begun({}, createWorld({ disk: world.disk }));
  await next.tick();
  assert.deepEqual(next.sent().map(({ event }) => event), ["consent"]);
});

test("waiting for consent: nothing is kept until it is given, then the page and the share are told", () => {
  const world = begun({ consent: NO, pageViews: true }, createWorld({ url: "https://shop.example/?cw_share=s1&utm_source=x" }));
  world.cartwake.track("x");
  assert.deepEqual(world.disk, {});
  world.cartwake.consent(YES, { version: "1" });
  assert.deepEqual(names(world), ["consent", "page", "share_open"]);
  assert.equal(new Set(world.kept().map(({ anonymousId }) => anonymousId)).size, 1);
  assert.ok(world.stored().includes("cw_id"));
});

test("optOut refuses everything; opting in again makes another device", () => {
  const world = begun();
  const device = world.cartwake.deviceId();
  world.cartwake.optOut();
  assert.deepEqual([world.last().event, world.last().anonymousId, world.last().properties.purposes], ["consent", device, NO]);
  const next = begun({}, createWorld({ disk: world.disk, nowMs: world.nowMs + 1 }));
  next.cartwake.consent(YES);
  assert.notEqual(next.cartwake.deviceId(), device);
});

test("erase also asks for erasure, and leaves nothing but the refusal and the request", async () => {
  const world = begun({ cookie: "secure" });
  const device = world.cartwake.deviceId();
  world.cartwake.identify("ana");
  world.cartwake.addToCart({ product_id: "tea" });
  world.cartwake.erase();
  assert.deepEqual([world.last().anonymousId, world.last().userId], [device, "ana"]);
  assert.deepEqual(world.last().properties, { purposes: NO, basis: "erase" });
  assert.deepEqual(world.stored(), ["cw_consent"]);
  assert.deepEqual(world.cookies, {});
  assert.deepEqual(world.cart(), { items: [] });
  while (world.timers.length) await world.tick();
  assert.deepEqual(world.sent().map(({ event }) => event), ["consent"]);
  assert.deepEqual(Object.keys(world.disk), ["cw_consent"]);
});

for (const [name, navigator] of [["dnt", { doNotTrack: "1" }], ["gpc", { globalPrivacyControl: true }]]) {
  test(`${name} counts where the setting says so, until the visitor decides`, () => {
    const told = (options) => {
      const world = begun(options, createWorld({ navigator }));
      world.cartwake.track("x");
      return world;
    };
    assert.equal(told({}).kept().length, 1);
    const world = told({ [name]: true });
    assert.deepEqual(world.disk, {});
    assert.deepEqual(world.consent(), NO);
    world.cartwake.consent(YES);
    world.cartwake.track("y");
    assert.deepEqual(names(world), ["consent", "page", "y"].filter((event) => event !== "page"));
    const silent = begun({ [name]: true }, createWorld({ navigator: { doNotTrack: "unspecified", globalPrivacyControl: false } }));
    silent.cartwake.track("x");
    assert.equal(silent.kept().length, 1);
  });
}

test("cookieless: nothing is kept on the device, events are sent all the same; a refusal is remembered", async () => {
  const world = begun({ cookieless: true });
  world.cartwake.track("a");
  world.cartwake.identify("ana");
  assert.deepEqual([world.disk, world.cookies], [{}, {}]);
  await world.tick();
  const [first, second] = world.sent();
  assert.equal(first.anonymousId, second.anonymousId);
  world.cartwake.optOut();
  assert.deepEqual(world.stored(), ["cw_consent"]);
});

test("the device id in a first-party cookie: with the attributes given, before localStorage, gone on reset", () => {
  const world = begun({ cookie: "domain=shop.example;secure" });
  const device = world.cartwake.deviceId();
  const { value, attributes } = world.cookies.cw_id;
  assert.equal(value, device);
  assert.deepEqual(attributes, ["path=/", "samesite=lax", "max-age=31536000", "domain=shop.example", "secure"]);
  const elsewhere = begun({ cookie: "secure" }, createWorld({ cookies: world.cookies, disk: { cw_id: "other" } }));
  assert.equal(elsewhere.cartwake.deviceId(), device);
  elsewhere.cartwake.reset();
  assert.deepEqual(elsewhere.cookies, {});
  assert.deepEqual(begun().cookies, {});
});

test("the linker gives the device id to the hosts named, and takes it from them only", () => {
  const world = begun({ link: ["pay.example"] });
  const device = world.cartwake.deviceId();
  const url = world.cartwake.link("https://pay.example/go?a=1#x");
  assert.equal(url, `https://pay.example/go?a=1&cw_id=${device}#x`);
  const click = (href) => {
    const anchor = { href, host: new URL(href).host };
    world.fire("click", { target: { closest: (selector) => (selector === "a" || selector === "a[href]" ? anchor : null) } });
    return anchor.href;
  };
  assert.equal(click("https://pay.example/go"), `https://pay.example/go?cw_id=${device}`);
  assert.equal(click("https://notpay.example/go"), "https://notpay.example/go");
  const arrive = (referrer) => begun({ link: ["shop.example"] }, createWorld({ url: `https://pay.example/?cw_id=${device}&a=1`, document: { referrer } }));
  const there = arrive("https://shop.example/");
  assert.equal(there.cartwake.deviceId(), device);
  assert.equal(there.page.location.href, "https://pay.example/?a=1");
  for (const referrer of ["", "https://evil.example/", "https://shop.example.evil.example/"]) {
    const stranger = arrive(referrer);
    assert.notEqual(stranger.cartwake.deviceId(), device);
    assert.equal(stranger.page.location.href, "https://pay.example/?a=1");
  }
  world.cartwake.optOut();
  assert.equal(world.cartwake.link("https://pay.example/"), "https://pay.example/");
});

