/** Everything a page can call. */
import { commerce } from "./commerce.js";
import { view } from "./listen.js";
import { send, track } from "./send.js";
import { flush } from "./sender.js";
import { DEVICE, get, set } from "./store.js";
import type { ConsentDetails, Properties, Purposes, Traits } from "./types.js";
import { newId } from "./uuid.js";
import { CONSENT, NONE, SHARE, USER, allowed, cart, deviceId, move, purposes as decided, put, reset } from "./visitor.js";

/** The address with a parameter. */
function tagged(href: string, name: string, value: string | false): string {
  const url = new URL(href, location.href);
  if (value) url.searchParams.set(name, value);
  return url.href;
}

/** The address, with this device's id. */
export const link = (href: string): string => tagged(href, DEVICE, allowed() && deviceId());

export const page = (name?: string, properties?: Properties): void => send("page", { name, properties });

export function shareOpen(share_id: string): void {
  if (!allowed() || get(SHARE) === share_id) return; // a reload is no second opening
  put(SHARE, share_id);
  track("share_open", { share_id });
}

function consent(purposes?: Purposes, details?: ConsentDetails): Purposes {
  const was = decided();
  const properties = { purposes: { ...was, ...purposes }, ...details } as Properties;
  const text = JSON.stringify(properties);
  if (purposes && text !== get(CONSENT)) {
    set(CONSENT, text, true);
    move();
    track("consent", properties);
    if (was.analytics === false && allowed()) view();
  }
  return decided();
}

export const calls: Record<string, (...given: any[]) => unknown> = {
  ...commerce,
  track,
  page,
  identify(userId: string, traits?: Traits) {
    put(USER, userId);
    send("identify", { traits });
  },
  alias(userId: string, previousId = get(USER) || deviceId()) {
    put(USER, userId);
    send("alias", { previousId });
  },
  group: (groupId: string, traits?: Traits) => send("group", { groupId, traits }),
  reset,
  consent,
  optOut: () => consent(NONE),
  erase() {
    consent(NONE, { basis: "erase" });
    reset();
  },
  share(properties?: Properties & { url?: string }) {
    const share_id = newId();
    track("share", { share_id, parent_share_id: get(SHARE)!, ...properties });
    return { share_id, url: tagged([properties?.url] as never, SHARE, share_id) };
  },
  shareOpen,
  link,
  cart,
  deviceId,
  flush,
};
