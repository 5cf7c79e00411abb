// PostHog's Node client, unmodified: `posthog.mjs URL WRITE_KEY COUNT`.
import { PostHog } from "posthog-node";

const [url, key, count] = process.argv.slice(2);
const client = new PostHog(key, { host: url, flushAt: 100, fetchRetryCount: 10, fetchRetryDelay: 200 });
for (let number = 0; number < count; number++) {
  client.capture({ distinctId: "u1", event: "Product Added", properties: { product_id: `p${number}`, price: 2.5, quantity: 1, currency: "EUR" } });
}
await client.shutdown();
