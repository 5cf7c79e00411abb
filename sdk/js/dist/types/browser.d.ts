import type { Platform } from "./types";
export declare function createPlatform(): Platform;
