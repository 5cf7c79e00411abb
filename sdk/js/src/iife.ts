/** `cartwake.js`, for a script tag: takes over the calls that the page's stub has gathered. */
import { createCore } from "./core.js";
import type { Core } from "./core.js";
import { createPlatform } from "./browser.js";

type Stubbed = [keyof Core, ...unknown[]];

const page = window as unknown as { cartwake: Core | Stubbed[] | undefined };
const stub = page.cartwake;
const core = (page.cartwake = createCore(createPlatform()));
if (Array.isArray(stub)) {
  for (const [method, ...given] of stub) (core[method] as (...given: unknown[]) => unknown)(...given);
}
