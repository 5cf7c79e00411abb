/** The client without a browser: every call becomes a message, is kept, and is sent. */
import { changed, total } from "./cart.js";
import type { Cart } from "./cart.js";
import type { EventMap, EventName, Item, Properties } from "./events.gen.js";
import { createQueue } from "./queue.js";
import type { Queue } from "./queue.js";
import { createSender } from "./sender.js";
import type { Sender } from "./sender.js";
import type { Call, Message, Options, Platform, Share, Traits } from "./types.js";
import { createIds } from "./uuid.js";

export const SHARE_PARAMETER = "cw_share";
export const DEVICE = "cw:id";
const CART = "cw:cart";
const USER = "cw:user";
const CAME_THROUGH = "cw:share";

type Items = Item | Item[];

export interface Core {
  /** Begins. Events of before are kept in memory until then. */
  init(options: Options): void;
  track<Name extends string>(event: Name, properties?: Name extends EventName ? EventMap[Name] : Properties): void;
  page(name?: string, properties?: Properties): void;
  identify(userId: string, traits?: Traits): void;
  /** Says that `previousId` (else the user or device of now) and `userId` are one. */
  alias(userId: string, previousId?: string): void;
  group(groupId: string, traits?: Traits): void;
  /** Forgets the user, the device and the cart: for shared devices, at sign-out. */
  reset(): void;
  viewItem(items: Items, properties?: Properties): void;
  addToCart(items: Items, properties?: Properties): void;
  removeFromCart(items: Items, properties?: Properties): void;
  /** The whole cart as it is now; an empty list empties it. */
  cartUpdate(items: Item[], properties?: Properties): void;
  viewCart(properties?: Properties): void;
  beginCheckout(properties?: Properties): void;
  checkoutStep(step: number, properties?: Properties): void;
  addPaymentInfo(properties?: Properties): void;
  /** An order. Items and value are the cart's unless given; the cart is a new one afterwards. */
  purchase(properties?: Properties): void;
  search(term: string, properties?: Properties): void;
  /** Makes a link to share: to `properties.url`, else to this page. */
  share(properties?: Properties & { url?: string }): Share;
  shareOpen(shareId: string): void;
  /** The cart as this device knows it. */
  cart(): Cart;
  deviceId(): string;
  /** Sends now what is waiting. */
  flush(): Promise<void> | undefined;
  /** For the shell: the page may be gone any moment. */
  leaving(): void;
}

export function createCore(platform: Platform): Core {
  const { store } = platform;
  const newId = createIds(platform.now);
  const early: Message[] = [];
  let options: Options | undefined;
  let queue: Queue;
  let sender: Sender | undefined;

  /** What is stored under a key; made now where there is nothing. */
  const stored = (key: string, make: (id: string) => string): string => {
    if (!store.get(key)) store.set(key, make(newId()));
    return store.get(key)!;
  };
  const deviceId = () => stored(DEVICE, (id) => id);
  const cart = (): Cart => JSON.parse(stored(CART, (id) => JSON.stringify({ id, items: [] })));
  const keep = (message: Message) => {
    if (!options) return early.push(message);
    const kept = options.before ? options.before(message) : message;
    if (!kept) return;
    options.debug?.("event", kept);
    sender!.queued(queue.add(kept.messageId, JSON.stringify(kept)));
  };
  const send = (type: Call, fields: Partial<Message>) =>
    keep({
      type,
      messageId: newId(),
      anonymousId: deviceId(),
      userId: store.get(USER)!,
      timestamp: new Date(platform.now()).toISOString(),
      context: platform.context(),
      ...fields,
    });
  const track = (event: string, properties: Properties = {}) => {
    const currency = properties.items || properties.cart_items ? options?.currency : undefined;
    send("track", { event, properties: { currency, ...properties } as Properties });
  };
  const change = (event: string, items: Item[], sign: number, properties?: Properties) => {
    const { id, items: lines } = cart();
    const now = { cart_id: id, cart_items: sign ? changed(lines, items, sign) : items, ...properties };
    store.set(CART, JSON.stringify({ id: now.cart_id, items: now.cart_items }));
    track(event, sign ? { items, ...now } : now);
  };
  const withCart = (event: string, properties?: Properties, name: "items" | "cart_items" = "cart_items") => {
    const { id, items } = cart();
    const sent = properties?.[name] || items;
    track(event, { cart_id: id, [name]: sent, value: total(sent)!, ...properties });
  };
  const list = (items: Items): Item[] => (Array.isArray(items) ? items : [items]);

  const core: Core = {
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
    page: (name, properties) => send("page", { name, properties } as Message),
    identify(userId, traits) {
      store.set(USER, userId);
      send("identify", { traits } as Message);
    },
    alias(userId, previousId = store.get(USER) || deviceId()) {
      store.set(USER, userId);
      send("alias", { previousId });
    },
    group: (groupId, traits) => send("group", { groupId, traits } as Message),
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
      const url = new URL(properties?.url || platform.context().page!.url);
      url.searchParams.set(SHARE_PARAMETER, share_id);
      track("share", { share_id, parent_share_id: store.get(CAME_THROUGH)!, ...properties });
      return { share_id, url: url.href };
    },
    shareOpen(share_id) {
      if (store.get(CAME_THROUGH) === share_id) return; // a reload is no second opening
      store.set(CAME_THROUGH, share_id);
      track("share_open", { share_id });
    },
    cart,
    deviceId,
    flush: () => sender?.flush(),
    leaving: () => sender?.leaving(),
  };
  return core;
}
