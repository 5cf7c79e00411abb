// RudderStack's Node client, unmodified (gzip sent as a form): `rudder.mjs URL WRITE_KEY COUNT`.
import Analytics from "@rudderstack/rudder-sdk-node";

const [url, writeKey, count] = process.argv.slice(2);
const client = new Analytics(writeKey, { dataPlaneUrl: url, flushAt: 100 });
for (let number = 0; number < count; number++) {
  client.track({ userId: "u1", event: "Product Added", properties: { product_id: `p${number}`, price: 2.5, quantity: 1, currency: "EUR" } });
}
await client.flush();
