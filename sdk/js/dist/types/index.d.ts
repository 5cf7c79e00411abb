import type { Cartwake } from "./types.js";
export type { EventMap, EventName, Item, Properties } from "./events.gen.js";
export type { Cart, Cartwake, ConsentDetails, Happening, Message, Options, Purposes, Share, Traits } from "./types.js";
export declare const cartwake: Cartwake;
export default cartwake;
