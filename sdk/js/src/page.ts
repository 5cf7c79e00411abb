/** What a page has: its options, its clock, what it says of itself. Nothing here runs before it is asked to. */
import type { Options } from "./types.js";

/** Of the last `init`; none before it. */
export let options: Options;
/** Returns those of before. */
export function setOptions(given: Options): Options | undefined {
  const old = options;
  options = given;
  return old;
}

let left: string;
/** The page before this one, where a single-page app moved on: document.referrer stays as it was at the load. */
export function leave(url: string): void {
  left = url;
}

/** The collector takes campaign tags and click ids from the page's address. */
export const context = () => ({
  page: { url: location.href, title: document.title, referrer: left },
  locale: navigator.language,
  // Intl's first answer costs 20 ms of processor, Temporal's nothing.
  timezone: ((window as any).Temporal?.Now.timeZoneId() || Intl.DateTimeFormat().resolvedOptions().timeZone) as string,
  webdriver: navigator.webdriver,
});
