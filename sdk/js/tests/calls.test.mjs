import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { begun, createWorld } from "./world.mjs";

const TEA = { product_id: "tea", price: 4.5 };
const CUP = { product_id: "cup", price: 9, variant: "blue" };
const camel = (event) => event.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

test("every message has a device, a session, a time and a context; a user once there is one", () => {
  const world = begun();
  world.cartwake.page("Home");
  const { type, anonymousId, timestamp, context, ...others } = world.last();
  assert.equal(type, "page");
  assert.equal(anonymousId, world.cartwake.deviceId());
  assert.equal(timestamp, world.nowMs);
  assert.deepEqual(context.page, { url: "https://shop.example/p?x=1", title: "Tea", referrer: "" });
  assert.equal(context.locale, "pt-PT");
  assert.equal(typeof context.timezone, "string");
  assert.equal("userId" in others, false);
  world.cartwake.identify("ana", { plan: "gold" });
  assert.deepEqual([world.last().type, world.last().userId, world.last().traits], ["identify", "ana", { plan: "gold" }]);
  world.cartwake.track("login");
  assert.equal(world.last().userId, "ana");
});

test("an automated browser says so", () => {
  const world = begun({}, createWorld({ navigator: { webdriver: true } }));
  world.cartwake.track("x");
  assert.equal(world.last().context.webdriver, true);
});

test("a session ends after half an hour of nothing, and lives on in the next page", () => {
  const world = begun();
  const session = (on = world) => (on.cartwake.track("x"), on.last().context.sessionId);
  const first = session();
  assert.equal(first, world.nowMs);
  world.nowMs += 29 * 60_000;
  assert.equal(session(), first);
  const next = begun({}, createWorld({ disk: world.disk, nowMs: world.nowMs + 29 * 60_000 }));
  assert.equal(session(next), first);
  next.nowMs += 31 * 60_000;
  assert.equal(session(next), next.nowMs);
});

test("device, user and cart outlive the page; reset forgets all three", () => {
  const before = begun();
  before.cartwake.identify("ana");
  before.cartwake.addToCart(TEA);
  const after = begun({}, createWorld({ disk: before.disk, nowMs: before.nowMs + 1 }));
  assert.equal(after.cartwake.deviceId(), before.cartwake.deviceId());
  assert.deepEqual(after.cart(), before.cart());
  after.cartwake.track("x");
  assert.equal(after.last().userId, "ana");
  const { id } = after.cart();
  const device = after.cartwake.deviceId();
  after.cartwake.reset();
  assert.deepEqual(after.stored(), []);
  after.cartwake.track("y");
  assert.equal("userId" in after.last(), false);
  assert.notEqual(after.last().anonymousId, device);
  assert.notEqual(after.cart().id, id);
});

test("alias names what it replaces: the user of before, else the device", () => {
  const world = begun();
  world.cartwake.alias("ana");
  assert.deepEqual([world.last().previousId, world.last().userId], [world.cartwake.deviceId(), "ana"]);
  world.cartwake.alias("ana@example");
  assert.deepEqual([world.last().previousId, world.last().userId], ["ana", "ana@example"]);
  world.cartwake.alias("b", "c");
  assert.deepEqual([world.last().previousId, world.last().userId], ["c", "b"]);
});

test("group", () => {
  const world = begun();
  world.cartwake.group("acme", { size: 3 });
  assert.deepEqual([world.last().type, world.last().groupId, world.last().traits], ["group", "acme", { size: 3 }]);
});

const FIRST = {
  order_cancel: "order_id", refund: "order_id", view_promotion: "promotion_id", select_promotion: "promotion_id", group_buy_open: "group_buy_id",
  group_buy_join: "group_buy_id", share_open: "share_id", invite_accept: "share_id", search: "search_term", experiment_view: "experiment_id", sign_up: "method", login: "method", click: "target",
};
const OWN_CALLS = { page_view: "page", identify: "identify", alias: "alias", group: "group", consent: "consent", share: "share" };
const BY_TRACK = ["screen_view", "custom"]; // no browser has screens; custom is what track() makes of any other name

test("every event of the catalogue has a helper", () => {
  const catalogue = readFileSync(join(import.meta.dirname, "..", "src", "events.gen.ts"), "utf8").split("EVENT_NAMES")[1].match(/"\w+"/g).map((name) => name.slice(1, -1));
  assert.ok(catalogue.length > 30);
  const world = begun();
  for (const event of catalogue.filter((name) => !BY_TRACK.includes(name))) {
    assert.equal(typeof world.cartwake[OWN_CALLS[event] ?? camel(event)], "function", event);
    if (event in OWN_CALLS) continue;
    const first = FIRST[event];
    if (first) {
      world.cartwake[camel(event)]("v", { coupon: "c" });
      assert.equal(world.last().properties[first], "v", event);
      if (event !== "share_open") assert.equal(world.last().properties.coupon, "c", event);
    } else {
      world.cartwake[camel(event)]({ ...TEA, order_id: "o" });
    }
    assert.equal(world.last().event, event);
  }
});

test("helpers take one item or a list, and more properties", () => {
  const world = begun();
  for (const method of ["viewItem", "viewItemList", "selectItem", "addToWishlist", "removeFromWishlist", "review"]) {
    world.cartwake[method](TEA, { list_id: "top" });
    assert.deepEqual(world.last().properties, { items: [TEA], list_id: "top" }, method);
    world.cartwake[method]([TEA, CUP]);
    assert.deepEqual(world.last().properties.items, [TEA, CUP], method);
  }
});

test("each change of the cart carries the whole of it", () => {
  const world = begun({ currency: "EUR" });
  world.cartwake.addToCart({ ...TEA, quantity: 2 });
  world.cartwake.addToCart([CUP, { ...TEA }]);
  let { event, properties } = world.last();
  assert.equal(event, "add_to_cart");
  assert.deepEqual(properties.items, [CUP, TEA]);
  assert.deepEqual(properties.cart_items, [{ ...TEA, quantity: 3 }, { ...CUP, quantity: 1 }]);
  assert.equal(properties.currency, "EUR");
  const cartId = properties.cart_id;
  world.cartwake.removeFromCart({ product_id: "tea", quantity: 3 });
  ({ event, properties } = world.last());
  assert.equal(event, "remove_from_cart");
  assert.deepEqual(properties.cart_items, [{ ...CUP, quantity: 1 }]);
  assert.equal(properties.cart_id, cartId);
  world.cartwake.cartUpdate([]);
  assert.deepEqual(world.last().properties.cart_items, []);
  assert.equal("items" in world.last().properties, false);
});

test("another variant is another line; taking out what is not there does nothing", () => {
  const world = begun();
  world.cartwake.addToCart([CUP, { ...CUP, variant: "red" }]);
  world.cartwake.removeFromCart({ product_id: "cup", variant: "green" });
  assert.deepEqual(world.cart().items.map(({ variant }) => variant), ["blue", "red"]);
});

test("a shop that knows its cart says so, and its cart id stays", () => {
  const world = begun();
  world.cartwake.addToCart(TEA, { cart_id: "shop-7", cart_items: [TEA, CUP] });
  world.cartwake.viewCart();
  assert.equal(world.last().properties.cart_id, "shop-7");
  assert.deepEqual(world.last().properties.cart_items, [TEA, CUP]);
});

test("checkout carries cart and step; an order takes the cart's items and begins a new cart", () => {
  const world = begun();
  world.cartwake.addToCart([{ ...TEA, quantity: 3 }, CUP]);
  const { id } = world.cart();
  for (const method of ["viewCart", "beginCheckout", "addPaymentInfo", "paymentFailed"]) {
    world.cartwake[method]({ payment_method: "card" });
    const { cart_id, cart_items, payment_method } = world.last().properties;
    assert.deepEqual([cart_id, cart_items.length, payment_method], [id, 2, "card"], method);
  }
  world.cartwake.checkoutStep(2);
  assert.equal(world.last().properties.checkout_step, 2);
  world.cartwake.purchase({ order_id: "o1", value: 15 });
  const { properties } = world.last();
  assert.deepEqual([properties.order_id, properties.value, properties.cart_id, properties.items.length], ["o1", 15, id, 2]);
  assert.equal("cart_items" in properties, false);
  assert.deepEqual(world.cart(), { items: [] });
  world.cartwake.addToCart(TEA);
  assert.notEqual(world.cart().id, id);
});

test("a share makes a link; who comes through it and shares on extends the chain; a reload is no second opening", () => {
  const world = begun();
  const { share_id, url } = world.cartwake.share({ content_type: "cart", method: "copy" });
  assert.equal(url, `https://shop.example/p?x=1&cw_share=${share_id}`);
  assert.equal(world.last().properties.share_id, share_id);
  assert.equal(new URL(world.cartwake.share({ url: "/p/tea#top" }).url).pathname, "/p/tea");
  const friend = begun({}, createWorld({ url }));
  assert.deepEqual([friend.kept().length, friend.last().event, friend.last().properties.share_id], [1, "share_open", share_id]);
  friend.cartwake.shareOpen(share_id);
  assert.equal(begun({}, createWorld({ url, disk: friend.disk })).kept().length, 1);
  friend.cartwake.share();
  assert.equal(friend.last().properties.parent_share_id, share_id);
});

test("calls before init are made up for after it, in their order; the stub's too", async () => {
  const world = createWorld();
  world.cartwake.addToCart(TEA);
  assert.deepEqual(world.disk, {});
  begun({}, world);
  await world.tick();
  assert.equal(world.sent()[0].event, "add_to_cart");
  const stub = [["track", "first"], ["init", { writeKey: "k", pageViews: false }], ["track", "second"]];
  assert.deepEqual(createWorld({ stub }).kept().map(({ event }) => event), ["first", "second"]);
});

test("init a second time begins nothing a second time", () => {
  const world = begun({ pageViews: true });
  begun({ pageViews: true }, world);
  assert.deepEqual(world.kept().map(({ type }) => type), ["page"]);
  assert.equal(world.listeners.popstate.length, 1);
});

test("before changes an event, or drops it; debug says what and why", () => {
  const told = [];
  const world = begun({ before: (message) => message.event !== "secret" && { ...message, context: {} }, debug: (what, ...more) => told.push([what, ...more]) });
  world.cartwake.track("secret");
  world.cartwake.track("open");
  assert.deepEqual(world.kept().map(({ event, context }) => [event, context]), [["open", {}]]);
  const about = told.filter(([what]) => what !== "wait");
  assert.deepEqual(about.map(([what, message, why]) => [what, message.event, why]), [["dropped", "secret", "before"], ["event", "open", "before"]].map((line, at) => (at ? ["event", "open", about[1][2]] : line)));
});

test("a sample keeps whole devices, as many as it says", () => {
  const kept = (sample) => {
    const world = begun({ sample });
    for (let n = 0; n < 3; n++) world.cartwake.track("x");
    return world.kept().length;
  };
  assert.equal(kept(1), 3);
  assert.equal(kept(0), 0);
  const counts = Array.from({ length: 400 }, () => kept(0.25));
  assert.deepEqual([...new Set(counts)].sort(), [0, 3]);
  const share = counts.filter(Boolean).length / 400;
  assert.ok(share > 0.15 && share < 0.35, `${share}`); // 4.6 standard deviations
});
