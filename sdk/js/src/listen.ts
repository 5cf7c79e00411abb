/** What the page does by itself: views, marked clicks, share links, leaving. */
import { SHARE_PARAMETER } from "./core.js";
import type { Core } from "./core.js";
import type { Options } from "./types.js";

let shown = ""; // without its hash
let left: string | undefined;

/** The page before this one, where a single-page app moved on: document.referrer stays as it was at the load. */
export const before = (): string | undefined => left;

/** A page view, if this is another page than the one shown. */
function moved(core: Core): void {
  const now = location.href.split("#")[0]!;
  if (now === shown) return;
  left = shown || left;
  shown = now;
  core.page();
}

/** Page views, also when a single-page app moves on and when the back button brings a page back from memory. */
function listenToViews(core: Core): void {
  const { pushState } = history;
  history.pushState = (...state) => {
    pushState.apply(history, state);
    moved(core);
  };
  addEventListener("popstate", () => moved(core));
  addEventListener("pageshow", (event) => event.persisted && core.page());
  moved(core);
}

/** `data-cw-click="name"` makes a click an event; every other `data-cw-*` is a property of it. */
function clicked(core: Core, event: Event): void {
  const marked = (event.target as Element).closest?.("[data-cw-click]");
  if (!marked) return;
  const properties: Record<string, string> = {};
  for (const { name, value } of marked.attributes) {
    if (/^data-cw-/.test(name)) properties[name === "data-cw-click" ? "target" : name.slice(8).replace(/-/g, "_")] = value;
  }
  core.track("click", properties);
}

export function listen(core: Core, options: Options): void {
  const shareId = new URLSearchParams(location.search).get(SHARE_PARAMETER);
  if (options.pageViews !== false) listenToViews(core);
  if (shareId) core.shareOpen(shareId);
  addEventListener("click", (event) => clicked(core, event), true);
  addEventListener("online", core.flush);
  addEventListener("pagehide", core.leaving);
  addEventListener("visibilitychange", () => (document.hidden ? core.leaving() : core.flush()), true);
}
