/** `cartwake.js`, for a script tag: takes over the calls that the page's stub has gathered. */
import { createClient } from "./client.js";
import type { Cartwake, Early } from "./types.js";

declare const window: { cartwake?: Cartwake & { q?: Early[] } };

window.cartwake = createClient(window.cartwake?.q || []);
