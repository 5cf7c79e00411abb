/** The object that a page calls. What it is asked before `init` is kept in memory, and made up for then. */
import { calls } from "./calls.js";
import { listen, view } from "./listen.js";
import { options, setOptions } from "./page.js";
import { wake } from "./sender.js";
import type { Cartwake, Early, Options } from "./types.js";

/** `early`: what a page's stub has gathered. */
export function createClient(early: Early[]): Cartwake {
  const client: typeof calls = {
    init(given: Options) {
      if (!setOptions(given)) {
        listen();
        replay();
        view();
      }
      wake(0);
    },
  };
  const replay = () => {
    for (const [method, ...given] of early.splice(0)) client[method]!(...given);
  };
  for (const method in calls)
    client[method] = (...given) => (options ? calls[method]!(...given) : void early.push([method, ...given]));
  replay();
  return client as unknown as Cartwake;
}
