import type { Platform } from "./types.js";
export declare function createPlatform(): Platform;
