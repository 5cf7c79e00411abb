// Jitsu's client, unmodified: `jitsu.mjs URL WRITE_KEY COUNT`. It never sends an event again; what it was told is printed.
import { jitsuAnalytics } from "@jitsu/js";

const [url, writeKey, count] = process.argv.slice(2);
const client = jitsuAnalytics({ host: url, writeKey, s2s: true });
for (let number = 0; number < count; number++) {
  const properties = { product_id: `p${number}`, price: 2.5, quantity: 1, currency: "EUR" };
  await client.track("Product Added", { userId: "u1", ...properties }).catch((error) => console.log("failed", number, String(error)));
}
