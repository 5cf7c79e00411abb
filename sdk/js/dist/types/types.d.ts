/** What a shop calls and sets, and what goes over the wire. */
import type { EventMap, EventName, Item, Properties } from "./events.gen.js";
export type { Properties } from "./events.gen.js";
export type Traits = Record<string, unknown>;
export type Call = "track" | "page" | "identify" | "alias" | "group";
/** One event as it is sent. */
export interface Message {
    type: Call;
    messageId: string;
    anonymousId: string;
    userId?: string;
    previousId?: string;
    groupId?: string;
    event?: string;
    name?: string;
    /** Epoch ms. */
    timestamp: number;
    properties?: Properties;
    traits?: Traits;
    context: Record<string, unknown>;
}
/** What the visitor agrees to. `analytics: false`: nothing is sent but `consent` events. */
export interface Purposes {
    analytics?: boolean;
    marketing?: boolean;
    personalisation?: boolean;
    [other: string]: boolean | undefined;
}
/** Which text the visitor saw, and on what ground the purposes rest. */
export interface ConsentDetails {
    version?: string;
    basis?: string;
    [other: string]: unknown;
}
/** The cart as this device knows it; it has an id from the first change on. */
export interface Cart {
    id?: string;
    items: Item[];
}
/** A call that was made too early. */
export type Early = [method: string, ...given: unknown[]];
/**
 * What `debug` is told: a message was kept; one was not, and why (`consent`, `sample`, `before`); the collector's answer, with the keys of
 * the events it is for; how many ms until the next try.
 */
export type Happening = "event" | "dropped" | "wait" | "answer";
export interface Options {
    /** The shop's public write key. */
    writeKey: string;
    /** Where the collector is, without a trailing slash; empty: this origin. */
    host?: string;
    /** Currency (ISO 4217) of every event that carries items and none of its own. */
    currency?: string;
    /** Page views by themselves, also of single-page apps. Default true. */
    pageViews?: boolean;
    /** What holds until the visitor decides: `{ analytics: false }` waits for consent. Default: all is allowed. */
    consent?: Purposes;
    /** With "do not track" set in the browser all purposes are refused until the visitor decides. Default false. */
    dnt?: boolean;
    /** The same for Global Privacy Control. */
    gpc?: boolean;
    /** Keeps nothing on the device but a refusal: every page load is a device of its own. */
    cookieless?: boolean;
    /** Keeps the device id in a first-party cookie with these attributes instead of localStorage: `domain=shop.example;secure`. */
    cookie?: string;
    /** Domains to which links carry the device id, and from which it is taken. */
    link?: string[];
    /** The share of devices whose events are kept, 0 to 1. Default 1. */
    sample?: number;
    /** Changes an event before it is kept, or drops it by returning nothing. */
    before?: (message: Message) => Message | null | undefined | false;
    /** Told of everything that happens: `debug: console.log`. */
    debug?: (what: Happening, ...details: unknown[]) => void;
}
/** A share link and the id that it carries. */
export interface Share {
    share_id: string;
    url: string;
}
type Items = Item | Item[];
/** Everything a page can call. */
export interface Cartwake {
    /** Begins. Calls of before are kept in memory until then. */
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
    viewItemList(items: Items, properties?: Properties): void;
    selectItem(items: Items, properties?: Properties): void;
    addToWishlist(items: Items, properties?: Properties): void;
    removeFromWishlist(items: Items, properties?: Properties): void;
    review(items: Items, properties?: Properties): void;
    addToCart(items: Items, properties?: Properties): void;
    removeFromCart(items: Items, properties?: Properties): void;
    /** The whole cart as it is now; an empty list empties it. */
    cartUpdate(items: Item[], properties?: Properties): void;
    viewCart(properties?: Properties): void;
    beginCheckout(properties?: Properties): void;
    checkoutStep(step: number, properties?: Properties): void;
    addPaymentInfo(properties?: Properties): void;
    paymentFailed(properties?: Properties): void;
    /** An order. Items and value are the cart's unless given; the cart is a new one afterwards. */
    purchase(properties?: Properties): void;
    orderCancel(orderId: string, properties?: Properties): void;
    refund(orderId: string, properties?: Properties): void;
    search(term: string, properties?: Properties): void;
    viewPromotion(properties?: Properties): void;
    selectPromotion(properties?: Properties): void;
    groupBuyOpen(groupBuyId: string, properties?: Properties): void;
    groupBuyJoin(groupBuyId: string, properties?: Properties): void;
    inviteAccept(shareId: string, properties?: Properties): void;
    experimentView(experimentId: string, properties?: Properties): void;
    signUp(method?: string, properties?: Properties): void;
    login(method?: string, properties?: Properties): void;
    click(target: string, properties?: Properties): void;
    /** Makes a link to share: to `properties.url`, else to this page. */
    share(properties?: Properties & {
        url?: string;
    }): Share;
    shareOpen(shareId: string): void;
    /** What the visitor agrees to, from now on; purposes not named stay as they are. Returns what holds. */
    consent(purposes?: Purposes, details?: ConsentDetails): Purposes;
    /** Refuses everything. */
    optOut(): void;
    /** Refuses everything, asks for what was collected to be erased, and forgets all but that. */
    erase(): void;
    /** The address, with this device's id where it leads to one of the domains of `link`. */
    link(url: string): string;
    /** The cart as this device knows it. */
    cart(): Cart;
    deviceId(): string;
    /** Sends now what is waiting. */
    flush(): Promise<unknown>;
}
