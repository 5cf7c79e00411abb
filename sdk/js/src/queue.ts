/** Events on the device, one storage key each: tabs never rewrite each other's, so none can lose another's. */
import type { Store } from "./types.js";

const utf8 = new TextEncoder();

export interface Queue {
  /** Keeps an event; returns how many old ones had to go for it. */
  add(id: string, event: string): number;
  /** The oldest events, as many as fit (one that is larger comes alone): joined by commas, their keys, their size. */
  take(maxBytes: number): [events: string, keys: string[], bytes: number];
  remove(keys: string[]): void;
}

export function createQueue(store: Store, prefix: string, max: number): Queue {
  const stored = () => store.keys().filter((key) => key.startsWith(prefix)).sort();
  const remove = (keys: string[]) => keys.forEach(store.remove);
  return {
    add(id, event) {
      store.set(prefix + id, event);
      const tooMany = stored().slice(0, -max);
      remove(tooMany);
      return tooMany.length;
    },
    take(maxBytes) {
      const keys = [];
      let events = "";
      let bytes = 0;
      for (const key of stored()) {
        const event = store.get(key);
        if (!event) continue; // another tab has sent it meanwhile
        const size = utf8.encode(event).length + 1;
        if (events && bytes + size > maxBytes) break;
        events += (events && ",") + event;
        keys.push(key);
        bytes += size;
      }
      return [events, keys, bytes];
    },
    remove,
  };
}
