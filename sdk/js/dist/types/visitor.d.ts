import type { Cart, Purposes } from "./types.js";
export declare const CART = "cw_cart";
export declare const USER = "cw_user";
/** The parameter of a share link, and the key of the share through which the visitor came. */
export declare const SHARE = "cw_share";
export declare const CONSENT = "cw_consent";
export declare const NONE: Purposes;
/** The purposes that hold. */
export declare const purposes: () => Purposes;
export declare const allowed: () => boolean;
/** Keeps what is about the visitor: on the device only where that is allowed. */
export declare const put: (key: string, value: string) => void;
/** Puts it where it is allowed to be now: onto the device, or off it. */
export declare const move: () => void;
export declare const reset: () => void;
export declare const deviceId: () => string;
export declare const cart: () => Cart;
/** When the session began, epoch ms: it ends when nothing happens for half an hour. */
export declare const session: () => number;
