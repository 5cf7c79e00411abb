/** UUIDv7 whose order is the order of creation, also within a millisecond and when the clock is set back. */
export declare function createIds(now: () => number): () => string;
