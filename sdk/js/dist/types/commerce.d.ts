import type { Properties } from "./events.gen.js";
/** The helpers by name. */
export declare const commerce: Record<string, (value: any, properties?: Properties) => void>;
