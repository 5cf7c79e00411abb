/** What the page does by itself: views, marked clicks, share links, links to other hosts, leaving. */
import { link, page, shareOpen } from "./calls.js";
import { leave, options } from "./page.js";
import { track } from "./send.js";
import { flush, leaving } from "./sender.js";
import { DEVICE, fromCookie } from "./store.js";
import { SHARE, put } from "./visitor.js";

let shown: string; // without its hash
let shareId: string | null;

const here = () => location.href.split("#")[0]!;
const viewPage = () => options.pageViews !== false && page();
const isLinked = (host: string | undefined) => options.link?.includes(host!);

/** What a page sends when it is shown. */
export function view(): void {
  viewPage();
  if (shareId) shareOpen(shareId);
}

/** A page view, if this is another page than the one shown; the hash makes none. */
function moved(): void {
  if (here() === shown) return;
  leave(shown);
  shown = here();
  viewPage();
}

/** `data-cw-target="name"` makes a click an event; every `data-cw-*` is a property of it. Links to a linked host get the device id. */
function clicked({ target }: { target: any }): void {
  const anchor = target.closest?.("a") as HTMLAnchorElement | null | undefined;
  const marked = target.closest?.("[data-cw-target]") as Element | null | undefined;
  const properties: Record<string, string> = {};
  if (marked) {
    for (const { name, value } of marked.attributes)
      if (/^data-cw/.test(name)) properties[name.slice(8).replace(/-/g, "_")] = value;
    track("click", properties);
  }
  if (isLinked(anchor?.host)) anchor!.href = link(anchor!.href);
}

export function listen(): void {
  const { pushState } = history;
  leave(document.referrer);
  const url = new URL(location.href);
  const { searchParams } = url;
  const brought = searchParams.get(DEVICE);
  const device = brought && isLinked(document.referrer.split("/")[2]) ? brought : fromCookie();
  shareId = searchParams.get(SHARE);
  if (device) put(DEVICE, device);
  if (brought) {
    searchParams.delete(DEVICE);
    history.replaceState(0, "", url);
  }
  shown = here();
  history.pushState = (...state) => {
    pushState.apply(history, state);
    moved();
  };
  addEventListener("popstate", moved);
  addEventListener("pageshow", (event) => event.persisted && viewPage());
  addEventListener("click", clicked, true);
  addEventListener("visibilitychange", () => (document.hidden ? leaving : flush)(), true);
}
