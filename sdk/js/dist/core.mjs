// src/cart.ts
function changed(lines, changes, sign) {
  const next = {};
  const put = (sign2) => (item) => {
    const key = `${item.product_id}
${item.variant}`;
    next[key] = { ...next[key], ...item, quantity: (next[key]?.quantity || 0) + sign2 * (item.quantity || 1) };
  };
  lines.forEach(put(1));
  changes.forEach(put(sign));
  return Object.values(next).filter((item) => item.quantity > 0);
}
var total = (items) => Math.round(items.reduce((sum, item) => sum + +item.price * (item.quantity || 1), 0) * 1e4) / 1e4 || void 0;

// src/queue.ts
var utf8 = new TextEncoder();
function createQueue(store, prefix, max) {
  const stored = () => store.keys().filter((key) => key.startsWith(prefix)).sort();
  const remove = (keys) => keys.forEach(store.remove);
  return {
    add(id, event) {
      store.set(prefix + id, event);
      const tooMany = stored().slice(0, -max);
      remove(tooMany);
      return tooMany.length;
    },
    take(maxBytes) {
      const keys = [];
      let events = "";
      let bytes = 0;
      for (const key of stored()) {
        const event = store.get(key);
        if (!event) continue;
        const size = utf8.encode(event).length + 1;
        if (events && bytes + size > maxBytes) break;
        events += (events && ",") + event;
        keys.push(key);
        bytes += size;
      }
      return [events, keys, bytes];
    },
    remove
  };
}

// src/sender.ts
var MAX_BYTES = 6e4;
var MAX_WAIT_MS = 3e5;
var MAX_RETRY_AFTER_MS = 36e5;
var isFinal = ([status, text]) => status === 200 ? /"success"/.test(text) : /^4(?!08|29)/.test("" + status);
function createSender(platform, queue, options) {
  const { writeKey, debug, host = "", flushMs = 100, retryMs = 1e3 } = options;
  const url = host + "/v1/batch";
  let failures = 0;
  let dropped = 0;
  let cancel;
  let left = "";
  const envelope = (events) => JSON.stringify({ writeKey, sentAt: new Date(platform.now()), dropped }).slice(0, -1) + `,"batch":[${events}]}`;
  const wake = (ms) => {
    cancel?.();
    cancel = platform.later(() => void flush(), ms);
  };
  const sendOne = async () => {
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
    const waitMs = Math.max(backoffMs, Math.min(+answer[2] * 1e3 || 0, MAX_RETRY_AFTER_MS));
    wake(waitMs);
    debug?.("retry", waitMs);
    return false;
  };
  const flush = () => {
    cancel = cancel?.();
    return platform.lock(async () => {
      while (!cancel && await sendOne()) ;
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
      if (events && events !== left) platform.beacon(url, envelope(left = events));
    }
  };
}

// src/uuid.ts
var randomDigit = () => (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16);
function createIds(now) {
  let last = 0;
  return () => {
    last = Math.max(now() * 2048, last + 1);
    const time = "0" + (last * 2).toString(16);
    return time.replace(/(.{8})(.{4})/, "$1-$2-7") + "-8xxx-xxxxxxxxxxxx".replace(/x/g, randomDigit);
  };
}

// src/core.ts
var SHARE_PARAMETER = "cw_share";
var DEVICE = "cw:id";
var CART = "cw:cart";
var USER = "cw:user";
var CAME_THROUGH = "cw:share";
function createCore(platform) {
  const { store } = platform;
  const newId = createIds(platform.now);
  const early = [];
  let options;
  let queue;
  let sender;
  const stored = (key, make) => {
    if (!store.get(key)) store.set(key, make(newId()));
    return store.get(key);
  };
  const deviceId = () => stored(DEVICE, (id) => id);
  const cart = () => JSON.parse(stored(CART, (id) => JSON.stringify({ id, items: [] })));
  const keep = (message) => {
    if (!options) return early.push(message);
    const kept = options.before ? options.before(message) : message;
    if (!kept) return;
    options.debug?.("event", kept);
    sender.queued(queue.add(kept.messageId, JSON.stringify(kept)));
  };
  const send = (type, fields) => keep({
    type,
    messageId: newId(),
    anonymousId: deviceId(),
    userId: store.get(USER),
    timestamp: new Date(platform.now()).toISOString(),
    context: platform.context(),
    ...fields
  });
  const track = (event, properties = {}) => {
    const currency = properties.items || properties.cart_items ? options?.currency : void 0;
    send("track", { event, properties: { currency, ...properties } });
  };
  const change = (event, items, sign, properties) => {
    const { id, items: lines } = cart();
    const now = { cart_id: id, cart_items: sign ? changed(lines, items, sign) : items, ...properties };
    store.set(CART, JSON.stringify({ id: now.cart_id, items: now.cart_items }));
    track(event, sign ? { items, ...now } : now);
  };
  const withCart = (event, properties, name = "cart_items") => {
    const { id, items } = cart();
    const sent = properties?.[name] || items;
    track(event, { cart_id: id, [name]: sent, value: total(sent), ...properties });
  };
  const list = (items) => Array.isArray(items) ? items : [items];
  const core = {
    init(given) {
      if (!given.writeKey) throw Error("cartwake: no writeKey");
      const first = !options;
      options = given;
      queue = createQueue(store, `cw:q:${given.writeKey}:`, given.maxQueue || 1e3);
      sender = createSender(platform, queue, given);
      early.splice(0).forEach(keep);
      sender.queued(0);
      if (first) platform.begin(core, given);
    },
    track,
    page: (name, properties) => send("page", { name, properties }),
    identify(userId, traits) {
      store.set(USER, userId);
      send("identify", { traits });
    },
    alias(userId, previousId = store.get(USER) || deviceId()) {
      store.set(USER, userId);
      send("alias", { previousId });
    },
    group: (groupId, traits) => send("group", { groupId, traits }),
    reset() {
      [DEVICE, USER, CART, CAME_THROUGH].forEach(store.remove);
    },
    viewItem: (items, properties) => track("view_item", { items: list(items), ...properties }),
    addToCart: (items, properties) => change("add_to_cart", list(items), 1, properties),
    removeFromCart: (items, properties) => change("remove_from_cart", list(items), -1, properties),
    cartUpdate: (items, properties) => change("cart_update", items, 0, properties),
    viewCart: (properties) => withCart("view_cart", properties),
    beginCheckout: (properties) => withCart("begin_checkout", properties),
    checkoutStep: (step, properties) => withCart("checkout_step", { checkout_step: step, ...properties }),
    addPaymentInfo: (properties) => withCart("add_payment_info", properties),
    purchase(properties) {
      withCart("purchase", properties, "items");
      store.remove(CART);
    },
    search: (term, properties) => track("search", { search_term: term, ...properties }),
    share(properties) {
      const share_id = newId();
      const url = new URL(properties?.url || platform.context().page.url);
      url.searchParams.set(SHARE_PARAMETER, share_id);
      track("share", { share_id, parent_share_id: store.get(CAME_THROUGH), ...properties });
      return { share_id, url: url.href };
    },
    shareOpen(share_id) {
      if (store.get(CAME_THROUGH) === share_id) return;
      store.set(CAME_THROUGH, share_id);
      track("share_open", { share_id });
    },
    cart,
    deviceId,
    flush: () => sender?.flush(),
    leaving: () => sender?.leaving()
  };
  return core;
}
export {
  DEVICE,
  SHARE_PARAMETER,
  createCore
};
