import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OUTPUTS, build } from "../scripts/build.mjs";
import { BUDGET_BYTES, sizes } from "../scripts/size.mjs";

const root = join(import.meta.dirname, "..");
const built = existsSync(join(root, "node_modules", "terser"));

test("the committed files are what the sources build", { skip: !built && process.env.CI !== "true" && "no terser: run npm ci" }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "cartwake-"));
  try {
    await build(folder);
    for (const { file } of OUTPUTS) {
      const fresh = readFileSync(join(folder, file), "utf8");
      assert.equal(readFileSync(join(root, "dist", file), "utf8"), fresh, `dist/${file} is stale: run npm run build`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test(`the browser file is within ${BUDGET_BYTES} bytes gzip -9, and the README gives its size`, () => {
  const { raw, gzip } = sizes();
  assert.ok(gzip <= BUDGET_BYTES, `${gzip}`);
  const readme = readFileSync(join(root, "README.md"), "utf8");
  assert.ok(readme.includes(raw.toLocaleString("en")), `README.md lacks ${raw.toLocaleString("en")}`); // compressors differ by version
});

test("without a window, ESM and CommonJS import and every call does nothing", async () => {
  const esm = await import("../dist/cartwake.mjs");
  const cjs = createRequire(import.meta.url)("../dist/cartwake.cjs");
  for (const { cartwake } of [esm, cjs]) {
    cartwake.init({ writeKey: "k" });
    cartwake.track("x");
    const { url } = cartwake.share();
    assert.equal(url, undefined);
    assert.equal(await cartwake, cartwake); // no promise
  }
});

test("every file that package.json names is there", () => {
  const { main, module, types, unpkg, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const named = [main, module, types, unpkg, ...Object.values(exports["."]), exports["./cartwake.js"]];
  assert.deepEqual(named.filter((file) => !existsSync(join(root, file))), []);
});
