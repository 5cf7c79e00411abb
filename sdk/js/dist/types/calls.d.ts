import type { Properties } from "./types.js";
/** The address, with this device's id. */
export declare const link: (href: string) => string;
export declare const page: (name?: string, properties?: Properties) => void;
export declare function shareOpen(share_id: string): void;
export declare const calls: Record<string, (...given: any[]) => unknown>;
