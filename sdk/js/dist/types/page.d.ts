/** What a page has: its options, its clock, what it says of itself. Nothing here runs before it is asked to. */
import type { Options } from "./types.js";
/** Of the last `init`; none before it. */
export declare let options: Options;
/** Returns those of before. */
export declare function setOptions(given: Options): Options | undefined;
/** The page before this one, where a single-page app moved on: document.referrer stays as it was at the load. */
export declare function leave(url: string): void;
/** The collector takes campaign tags and click ids from the page's address. */
export declare const context: () => {
    page: {
        url: string;
        title: string;
        referrer: string;
    };
    locale: string;
    timezone: string;
    webdriver: boolean;
};
