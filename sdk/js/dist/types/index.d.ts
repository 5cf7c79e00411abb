import type { Core } from "./core";
export type { EventMap, EventName, Item, Properties } from "./events.gen";
export type { Happening, Message, Options, Share, Traits } from "./types";
/** Everything a page can call. */
export type Cartwake = Omit<Core, "leaving">;
export declare const cartwake: Cartwake;
export default cartwake;
