/** The cart as this device knows it, so that every change can carry the whole of it. */
import type { Item } from "./events.gen.js";
/** `lines` with `changes` put in (`sign` 1) or taken out (-1), by product and variant. */
export declare function changed(lines: Item[], changes: Item[], sign: number): Item[];
