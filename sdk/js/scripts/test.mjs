/** Runs the tests. They use dist/ as it is committed, so they need no packages; only the test that builds afresh does. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const run = (command, ...given) => spawnSync(command, given, { cwd: root, stdio: "inherit" }).status ?? 1;

if (!existsSync(join(root, "node_modules", "terser"))) run("npm", "ci", "--no-fund", "--no-audit", "--silent");
const files = readdirSync(join(root, "tests")).filter((name) => name.endsWith(".test.mjs"));
process.exit(run(process.execPath, "--test", ...files.map((name) => join("tests", name))));
