import type { Core } from "./core";
export declare function create(): Core;
