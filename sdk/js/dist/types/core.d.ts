import type { Cart } from "./cart.js";
import type { EventMap, EventName, Item, Properties } from "./events.gen.js";
import type { Options, Platform, Share, Traits } from "./types.js";
export declare const SHARE_PARAMETER = "cw_share";
export declare const DEVICE = "cw:id";
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
    share(properties?: Properties & {
        url?: string;
    }): Share;
    shareOpen(shareId: string): void;
    /** The cart as this device knows it. */
    cart(): Cart;
    deviceId(): string;
    /** Sends now what is waiting. */
    flush(): Promise<void> | undefined;
    /** For the shell: the page may be gone any moment. */
    leaving(): void;
}
export declare function createCore(platform: Platform): Core;
export {};
