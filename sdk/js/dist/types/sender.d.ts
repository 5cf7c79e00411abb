import type { Message } from "./types.js";
/** Sends what there is, after a while. */
export declare function wake(ms: number): void;
/** Sends what there is, now; one at a time, over all tabs where the browser can. */
export declare function flush(): Promise<unknown>;
/** Keeps an event, and sends it soon. */
export declare function add(message: Message): void;
/** The page may be gone any moment: sends once more without waiting for, or counting on, an answer. */
export declare function leaving(): void;
