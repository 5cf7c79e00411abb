import type { Core } from "./core.js";
import type { Options } from "./types.js";
/** The page before this one, where a single-page app moved on: document.referrer stays as it was at the load. */
export declare const before: () => string | undefined;
export declare function listen(core: Core, options: Options): void;
