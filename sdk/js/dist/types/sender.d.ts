/** Sends the queue, oldest first; an event leaves the device only when the collector has answered for it. */
import type { Queue } from "./queue.js";
import type { Options, Platform } from "./types.js";
export interface Sender {
    /** A new event is in the queue; `dropped` old ones made room for it. */
    queued(dropped: number): void;
    /** Sends what there is, now. */
    flush(): Promise<void>;
    /** The page may be gone any moment: sends once more without waiting for, or counting on, an answer. */
    leaving(): void;
}
export declare function createSender(platform: Platform, queue: Queue, options: Options): Sender;
