/** The package. Without a `window` (server-side rendering) every call does nothing. */
import { createClient } from "./client.js";
import type { Cartwake } from "./types.js";

export type { EventMap, EventName, Item, Properties } from "./events.gen.js";
export type { Cart, Cartwake, ConsentDetails, Happening, Message, Options, Purposes, Share, Traits } from "./types.js";

/** A stand-in whose every method does nothing; it is no promise. */
const nothing = (): Cartwake => new Proxy({} as Cartwake, { get: (_, name) => (name === "then" ? undefined : () => ({})) });

export const cartwake: Cartwake = typeof window === "undefined" ? nothing() : createClient([]);
export default cartwake;
