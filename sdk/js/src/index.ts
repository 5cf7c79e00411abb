/** The package. Without a `window` (server-side rendering) every call does nothing. */
import { createPlatform } from "./browser.js";
import { createCore } from "./core.js";
import type { Core } from "./core.js";

export type { EventMap, EventName, Item, Properties } from "./events.gen.js";
export type { Happening, Message, Options, Share, Traits } from "./types.js";

/** Everything a page can call. */
export type Cartwake = Omit<Core, "leaving">;

/** A stand-in whose every method does nothing. */
const nothing = (): Core => new Proxy({} as Core, { get: () => () => ({}) });

export const cartwake: Cartwake = typeof window === "undefined" ? nothing() : createCore(createPlatform());
export default cartwake;
