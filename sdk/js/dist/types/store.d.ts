export declare const DEVICE = "cw_id";
export declare const keys: () => string[];
export declare const get: (key: string) => string | undefined;
export declare function remove(key: string): void;
/** What is not `durable` is gone with the page. */
export declare function set(key: string, value: string, durable: boolean): void;
/** The device id in the cookie. */
export declare const fromCookie: () => string | undefined;
