/** What is kept about the visitor, and what the visitor allows. */
import { options } from "./page.js";
import { DEVICE, get, set } from "./store.js";
import type { Cart, Purposes } from "./types.js";
import { newId } from "./uuid.js";

export const CART = "cw_cart";
export const USER = "cw_user";
/** The parameter of a share link, and the key of the share through which the visitor came. */
export const SHARE = "cw_share";
const SESSION = "cw_session";
const ABOUT_VISITOR = [DEVICE, CART, USER, SHARE, SESSION];
export const CONSENT = "cw_consent";
export const NONE: Purposes = { analytics: false, marketing: false, personalisation: false };
const SESSION_IDLE_MS = 18e5;

/** What the browser says no to, of what the options make it say no to. */
const refused = (): object => (((options.dnt as any) & (navigator.doNotTrack as any)) | ((options.gpc as any) & (navigator as any).globalPrivacyControl)) as never;

/** The purposes that hold. */
export const purposes = (): Purposes => ({
  ...options.consent,
  ...(refused() && NONE),
  ...JSON.parse(get(CONSENT) || "{}").purposes,
});
export const allowed = () => purposes().analytics !== false;

/** Keeps what is about the visitor: on the device only where that is allowed. */
export const put = (key: string, value: string): void => set(key, value, allowed() && !options.cookieless);
/** Puts it where it is allowed to be now: onto the device, or off it. */
export const move = () => ABOUT_VISITOR.forEach((key) => get(key) && put(key, get(key)!));
export const reset = () => ABOUT_VISITOR.forEach((key) => set(key, "", false));

export const deviceId = (): string => {
  if (!get(DEVICE)) put(DEVICE, newId());
  return get(DEVICE)!;
};
export const cart = (): Cart => JSON.parse(get(CART) || '{"items":[]}');

/** When the session began, epoch ms: it ends when nothing happens for half an hour. */
export const session = (): number => {
  const [begun, last] = `${get(SESSION)}`.split(",") as [string, string];
  const now = Date.now();
  const id = now - +last < SESSION_IDLE_MS ? begun : now;
  put(SESSION, id + "," + now);
  return +id;
};
