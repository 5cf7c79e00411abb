/** Events on the device, one storage key each: tabs never rewrite each other's, so none can lose another's. */
import type { Store } from "./types.js";
export interface Queue {
    /** Keeps an event; returns how many old ones had to go for it. */
    add(id: string, event: string): number;
    /** The oldest events, as many as fit (one that is larger comes alone): joined by commas, their keys, their size. */
    take(maxBytes: number): [events: string, keys: string[], bytes: number];
    remove(keys: string[]): void;
}
export declare function createQueue(store: Store, prefix: string, max: number): Queue;
