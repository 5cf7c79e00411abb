/** Prints what the browser build weighs; fails above the budget. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

export const BUDGET_BYTES = 3072;
export const FILE = join(dirname(fileURLToPath(import.meta.url)), "..", "dist", "cartwake.js");

export function sizes() {
  const code = readFileSync(FILE);
  return { raw: code.length, gzip: gzipSync(code, { level: 9 }).length, brotli: brotliCompressSync(code).length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { raw, gzip, brotli } = sizes();
  console.log(`cartwake.js: ${raw} bytes, gzip -9 ${gzip}, brotli ${brotli}; budget ${BUDGET_BYTES} gzip`);
  if (gzip > BUDGET_BYTES) process.exit(1);
}
