import type { Cartwake, Early } from "./types.js";
/** `early`: what a page's stub has gathered. */
export declare function createClient(early: Early[]): Cartwake;
