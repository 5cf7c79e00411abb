/** localStorage; where it is full or forbidden, memory. The device id also in a cookie where the options say so. Nothing throws. */
import { options } from "./page.js";

export const DEVICE = "cw_id";
const YEAR_S = 31536e3;

const memory: Record<string, string> = {};
let disk: Record<string, string> = {};
try {
  disk = localStorage || disk;
} catch {
  // forbidden: memory has to do
}

export const keys = (): string[] => [disk, memory].flatMap(Object.keys);
export const get = (key: string): string | undefined => memory[key] || disk[key];

export function remove(key: string): void {
  delete memory[key];
  delete disk[key];
}

/** What is not `durable` is gone with the page. */
export function set(key: string, value: string, durable: boolean): void {
  remove(key);
  memory[key] = value;
  try {
    if (key === DEVICE && options.cookie)
      document.cookie = `cw_id=${value};path=/;samesite=lax;max-age=${durable ? YEAR_S : 0};${options.cookie}`;
    if (durable) {
      disk[key] = value;
      delete memory[key];
    }
  } catch {
    // full: it stays in memory
  }
}

/** The device id in the cookie. */
export const fromCookie = (): string | undefined => options.cookie && /\bcw_id=([^;]+)/.exec(document.cookie)?.[1];
