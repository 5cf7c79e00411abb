/** Builds every file of dist/ with esbuild; `build(folder)` writes elsewhere, for the test that compares. */
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

export const OUTPUTS = [
  { entry: "iife.ts", file: "cartwake.js", format: "iife", minify: true },
  { entry: "index.ts", file: "cartwake.mjs", format: "esm", minify: true },
  { entry: "index.ts", file: "cartwake.cjs", format: "cjs", minify: true },
  { entry: "core.ts", file: "core.mjs", format: "esm", minify: false },
];

// Names that only the parts of the SDK use among themselves: short ones in the files for browsers.
const INTERNAL = /^(queued|take|later|beacon|post|begin|leaving|store|lock)$/;

export async function build(folder) {
  const { build: bundle } = await import("esbuild");
  for (const { entry, file, format, minify } of OUTPUTS) {
    await bundle({
      entryPoints: [join(root, "src", entry)],
      outfile: join(folder, file),
      bundle: true,
      charset: "utf8",
      define: { VERSION: JSON.stringify(version) },
      format,
      legalComments: "none",
      minify,
      ...(minify && { mangleProps: INTERNAL }),
      target: "es2020",
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(join(root, "dist"), { recursive: true, force: true }); // types of files that are gone, too
  await build(join(root, "dist"));
}
