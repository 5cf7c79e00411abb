/** Builds every file of dist/: esbuild bundles, terser makes small; `build(folder)` writes elsewhere, for the test that compares. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

export const OUTPUTS = [
  { entry: "iife.ts", file: "cartwake.js", format: "iife", minify: true },
  { entry: "index.ts", file: "cartwake.mjs", format: "esm", minify: true },
  { entry: "index.ts", file: "cartwake.cjs", format: "cjs", minify: true },
];

const SMALL = {
  ecma: 2020,
  module: true,
  compress: { passes: 5, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, hoist_funs: true, unsafe: true, unsafe_comps: true },
};

export async function build(folder) {
  const { build: bundle } = await import("esbuild");
  const { minify: shrink } = await import("terser");
  mkdirSync(folder, { recursive: true });
  for (const { entry, file, format, minify } of OUTPUTS) {
    const { outputFiles } = await bundle({
      entryPoints: [join(root, "src", entry)],
      write: false,
      bundle: true,
      charset: "utf8",
      define: { VERSION: JSON.stringify(version) },
      format,
      legalComments: "none",
      target: "es2020",
    });
    const { text } = outputFiles[0];
    writeFileSync(join(folder, file), minify ? (await shrink(text, structuredClone(SMALL))).code : text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(join(root, "dist"), { recursive: true, force: true }); // types of files that are gone, too
  await build(join(root, "dist"));
}
