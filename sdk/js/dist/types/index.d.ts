import type { Core } from "./core.js";
export type { EventMap, EventName, Item, Properties } from "./events.gen.js";
export type { Happening, Message, Options, Share, Traits } from "./types.js";
/** Everything a page can call. */
export type Cartwake = Omit<Core, "leaving">;
export declare const cartwake: Cartwake;
export default cartwake;
