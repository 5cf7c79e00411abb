// Segment's Node client, unmodified: `segment.mjs URL WRITE_KEY COUNT`.
import { Analytics } from "@segment/analytics-node";

const [url, writeKey, count] = process.argv.slice(2);
const client = new Analytics({ writeKey, host: url, flushAt: 4, maxRetries: 10 });
for (let number = 0; number < count; number++) {
  client.track({ userId: "u1", event: "Product Added", properties: { product_id: `p${number}`, price: 2.5, quantity: 1, currency: "EUR" } });
}
await client.closeAndFlush();
