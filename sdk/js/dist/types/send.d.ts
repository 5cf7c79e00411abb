import type { Properties } from "./types.js";
export declare function send(type: string, fields: object): void;
export declare const track: (event: string, properties?: Properties) => void;
