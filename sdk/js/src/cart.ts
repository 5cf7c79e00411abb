/** The cart as this device knows it, so that every change can carry the whole of it. */
import type { Item } from "./events.gen.js";
export interface Cart {
  id: string;
  items: Item[];
}

/** `lines` with `changes` put in (`sign` 1) or taken out (-1), by product and variant. */
export function changed(lines: Item[], changes: Item[], sign: number): Item[] {
  const next: Record<string, Item> = {};
  const put = (sign: number) => (item: Item) => {
    const key = `${item.product_id}\n${item.variant}`;
    next[key] = { ...next[key], ...item, quantity: (next[key]?.quantity || 0) + sign * (item.quantity || 1) };
  };
  lines.forEach(put(1));
  changes.forEach(put(sign));
  return Object.values(next).filter((item) => item.quantity! > 0);
}

/** What the items cost; nothing when a price is missing. */
export const total = (items: Item[]): number | undefined =>
  Math.round(items.reduce((sum, item) => sum + +item.price! * (item.quantity || 1), 0) * 1e4) / 1e4 || undefined;
