import assert from "node:assert/strict";
import { test } from "node:test";
import { begun, createWorld } from "./world.mjs";

const TEA = { product_id: "tea", price: 4.5 };
const CUP = { product_id: "cup", price: 9, variant: "blue" };
const last = (world) => world.kept().at(-1);

test("every message has a device, a time and a context; a user once there is one", () => {
  const world = begun();
  world.core.page("Home");
  assert.equal(last(world).type, "page");
  assert.equal(last(world).anonymousId, world.core.deviceId());
  assert.equal(last(world).timestamp, new Date(world.nowMs).toISOString());
  assert.equal(last(world).context.page.url, world.page);
  assert.equal("userId" in last(world), false);
  world.core.identify("ana", { plan: "gold" });
  assert.deepEqual([last(world).type, last(world).userId, last(world).traits], ["identify", "ana", { plan: "gold" }]);
  world.core.track("login");
  assert.equal(last(world).userId, "ana");
});

test("device, user and cart outlive the page; reset forgets all three", () => {
  const before = begun();
  before.core.identify("ana");
  before.core.addToCart(TEA);
  const after = begun({}, createWorld({ disk: before.disk, nowMs: before.nowMs + 1 }));
  assert.equal(after.core.deviceId(), before.core.deviceId());
  assert.deepEqual(after.core.cart(), before.core.cart());
  after.core.track("x");
  assert.equal(last(after).userId, "ana");
  const { id } = after.core.cart();
  const device = after.core.deviceId();
  after.core.reset();
  after.core.track("y");
  assert.equal("userId" in last(after), false);
  assert.notEqual(last(after).anonymousId, device);
  assert.notEqual(after.core.cart().id, id);
});

test("alias names what it replaces: the user of before, else the device", () => {
  const world = begun();
  world.core.alias("ana");
  assert.deepEqual([last(world).previousId, last(world).userId], [world.core.deviceId(), "ana"]);
  world.core.alias("ana@example");
  assert.deepEqual([last(world).previousId, last(world).userId], ["ana", "ana@example"]);
  world.core.alias("b", "c");
  assert.deepEqual([last(world).previousId, last(world).userId], ["c", "b"]);
});

test("group", () => {
  const world = begun();
  world.core.group("acme", { size: 3 });
  assert.deepEqual([last(world).type, last(world).groupId, last(world).traits], ["group", "acme", { size: 3 }]);
});

test("each change of the cart carries the whole of it", () => {
  const world = begun({ currency: "EUR" });
  world.core.addToCart({ ...TEA, quantity: 2 });
  world.core.addToCart([CUP, { ...TEA }]);
  let { event, properties } = last(world);
  assert.equal(event, "add_to_cart");
  assert.deepEqual(properties.items, [CUP, TEA]);
  assert.deepEqual(properties.cart_items, [{ ...TEA, quantity: 3 }, { ...CUP, quantity: 1 }]);
  assert.equal(properties.currency, "EUR");
  const cartId = properties.cart_id;
  world.core.removeFromCart({ product_id: "tea", quantity: 3 });
  ({ event, properties } = last(world));
  assert.equal(event, "remove_from_cart");
  assert.deepEqual(properties.cart_items, [{ ...CUP, quantity: 1 }]);
  assert.equal(properties.cart_id, cartId);
  world.core.cartUpdate([]);
  assert.deepEqual(last(world).properties.cart_items, []);
  assert.equal("items" in last(world).properties, false);
});

test("another variant is another line; taking out what is not there does nothing", () => {
  const world = begun();
  world.core.addToCart([CUP, { ...CUP, variant: "red" }]);
  world.core.removeFromCart({ product_id: "cup", variant: "green" });
  assert.deepEqual(world.core.cart().items.map(({ variant }) => variant), ["blue", "red"]);
});

test("a shop that knows its cart says so, and its cart id stays", () => {
  const world = begun();
  world.core.addToCart(TEA, { cart_id: "shop-7", cart_items: [TEA, CUP] });
  world.core.viewCart();
  assert.equal(last(world).properties.cart_id, "shop-7");
  assert.deepEqual(last(world).properties.cart_items, [TEA, CUP]);
});

test("checkout carries cart, value and step; an order takes the cart's items and begins a new cart", () => {
  const world = begun();
  world.core.addToCart([{ ...TEA, quantity: 3 }, { ...CUP, price: "0.1" }]);
  const { id } = world.core.cart();
  world.core.beginCheckout();
  assert.equal(last(world).properties.value, 13.6);
  world.core.checkoutStep(2);
  assert.equal(last(world).properties.checkout_step, 2);
  world.core.addPaymentInfo({ payment_method: "card" });
  assert.equal(last(world).properties.payment_method, "card");
  world.core.purchase({ order_id: "o1", value: 15 });
  const { properties } = last(world);
  assert.deepEqual([properties.order_id, properties.value, properties.cart_id, properties.items.length], ["o1", 15, id, 2]);
  assert.equal("cart_items" in properties, false);
  assert.deepEqual(world.core.cart().items, []);
  assert.notEqual(world.core.cart().id, id);
});

test("no value is made up where a price is missing", () => {
  const world = begun();
  world.core.addToCart({ product_id: "gift" });
  world.core.beginCheckout();
  assert.equal("value" in last(world).properties, false);
});

test("view_item and search carry what they need", () => {
  const world = begun();
  world.core.viewItem(TEA);
  assert.deepEqual(last(world).properties.items, [TEA]);
  world.core.search("green tea", { list_id: "top" });
  assert.deepEqual(last(world).properties, { search_term: "green tea", list_id: "top" });
});

test("a share makes a link; who comes through it and shares on extends the chain; a reload is no second opening", () => {
  const world = begun();
  const { share_id, url } = world.core.share({ content_type: "cart", method: "copy" });
  assert.equal(url, `https://shop.example/p?x=1&cw_share=${share_id}`);
  assert.equal(last(world).properties.share_id, share_id);
  const friend = begun();
  friend.core.shareOpen(share_id);
  friend.core.shareOpen(share_id);
  assert.equal(friend.kept().length, 1);
  friend.core.share();
  assert.equal(last(friend).properties.parent_share_id, share_id);
});

test("calls before init are kept with their own time and sent after it", async () => {
  const world = createWorld();
  world.core.addToCart(TEA);
  const { nowMs } = world;
  world.nowMs += 500;
  begun({}, world);
  assert.equal(last(world).timestamp, new Date(nowMs).toISOString());
  await world.tick();
  assert.equal(world.sent()[0].event, "add_to_cart");
});

test("init needs a write key, and begins once", () => {
  assert.throws(() => createWorld().core.init({}), /writeKey/);
  const world = begun();
  begun({}, world);
  assert.equal(world.begun, 1);
});

test("before changes an event, or drops it", () => {
  const world = begun({ before: (message) => message.event !== "secret" && { ...message, context: {} } });
  world.core.track("secret");
  world.core.track("open");
  assert.deepEqual(world.kept().map(({ event, context }) => [event, context]), [["open", {}]]);
});
