// Snowplow's Node tracker, unmodified: `snowplow.mjs URL WRITE_KEY COUNT`.
// What failed it sends again when it is used again; this process uses it until all is delivered.
import { buildSelfDescribingEvent, newTracker } from "@snowplow/node-tracker";

const ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2";
const PRODUCT = "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0";
const PATIENCE_MS = 120_000;

const [url, key, count] = process.argv.slice(2);
let delivered = 0;
const onRequestSuccess = (events) => (delivered += events.length);
const tracker = newTracker({ namespace: "shop", appId: key }, { endpoint: url, bufferSize: 4, onRequestSuccess });
tracker.setUserId("u1");
for (let number = 0; number < count; number++) {
  const product = { schema: PRODUCT, data: { id: `p${number}`, category: "c", price: 2.5, quantity: 1, currency: "EUR" } };
  tracker.track(buildSelfDescribingEvent({ event: { schema: ACTION, data: { type: "add_to_cart" } } }), [product]);
}
const until = Date.now() + PATIENCE_MS;
while (delivered < count) {
  tracker.flush();
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (Date.now() > until) throw new Error(`only ${delivered} of ${count} events are delivered`);
}
