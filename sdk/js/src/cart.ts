/** The cart as this device knows it, so that every change can carry the whole of it. */
import type { Item } from "./events.gen.js";

/** `lines` with `changes` put in (`sign` 1) or taken out (-1), by product and variant. */
export function changed(lines: Item[], changes: Item[], sign: number): Item[] {
  const next: Record<string, Item> = {};
  [...lines, ...changes].forEach((item, at) => {
    const key = item.product_id + "\n" + item.variant;
    const before = next[key]?.quantity || 0;
    next[key] = { ...next[key], ...item, quantity: before + (lines[at] ? 1 : sign) * (item.quantity || 1) };
  });
  return Object.values(next).filter((item) => item.quantity! > 0);
}
