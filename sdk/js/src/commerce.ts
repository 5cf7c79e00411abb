/** A helper for each event of the catalogue that is about buying or sharing: `view_item` is `viewItem(items, properties)`. */
import { changed } from "./cart.js";
import { track } from "./send.js";
import type { Properties } from "./events.gen.js";
import { newId } from "./uuid.js";
import { CART, cart, put } from "./visitor.js";

/** In each row which property the first argument is (nothing: there are only properties), then the events; in an order that packs well. */
const TABLE =
  "items add_to_cart remove_from_cart;cart_items cart_update; purchase add_payment_info payment_failed view_cart begin_checkout;checkout_step checkout_step;" +
  "method sign_up login;share_id invite_accept;items add_to_wishlist remove_from_wishlist select_item view_item view_item_list review;group_buy_id group_buy_open group_buy_join;order_id refund order_cancel;" +
  "experiment_id experiment_view;search_term search;promotion_id view_promotion select_promotion;target click";
const ROWS_OF_CHANGES = 1;
const ROWS_WITH_CART = 4;

/** An event that carries the cart, and may change it. */
function trackWithCart(event: string, given: Properties, isChange: boolean): void {
  const { id = newId(), items } = cart();
  const isOrder = event === "purchase";
  const properties: Properties = {
    cart_id: id,
    [isOrder ? "items" : "cart_items"]: isChange ? changed(items, given.items!, event < "b" ? 1 : -1) : items,
    ...given,
  };
  put(CART, isOrder ? "" : JSON.stringify({ id: properties.cart_id, items: properties.cart_items })); // the cart after an order is a new one
  track(event, properties);
}

/** The helpers by name. */
export const commerce: Record<string, (value: any, properties?: Properties) => void> = {};
TABLE.split(";").forEach((row, at) => {
    const [first, ...events] = row.split(" ") as [string, ...string[]];
    for (const event of events)
      commerce[event.replace(/_./g, (found) => found[1]!.toUpperCase())] = (value, properties) => {
        const given = first ? { [first]: first === "items" ? [value].flat() : value, ...properties } : value;
        if (at < ROWS_WITH_CART) trackWithCart(event, given, at < ROWS_OF_CHANGES);
        else track(event, given);
      };
});
