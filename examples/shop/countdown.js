/** The countdown to the moment at which the cart counts as abandoned, and the webhook when it has come. */

const KEY = "shop:changed";
const POLL_MS = 1000;
const panel = document.getElementById("countdown");
const text = document.getElementById("countdown-text");
const bar = panel.querySelector("i");
const webhooks = document.getElementById("webhooks");
const shown = new Set();
let idleMs = 20_000;
let isMine = () => false;

/** The cart has changed: the clock starts again. */
export const restart = () => localStorage.setItem(KEY, JSON.stringify({ at: Date.now() }));

/** There is nothing to abandon: `why` is "ordered" or "emptied". */
export const stop = (why) => localStorage.setItem(KEY, JSON.stringify({ why }));

function say(state, html) {
  panel.dataset.state = state;
  if (text.dataset.said !== html) text.innerHTML = text.dataset.said = html;
}

function draw() {
  const { at, why } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  const leftMs = at ? at + idleMs - Date.now() : 0;
  bar.style.width = at ? `${Math.max(0, Math.min(100, (leftMs / idleMs) * 100))}%` : "0";
  if (why === "ordered") say("ordered", "Ordered. There is no cart to win back.");
  else if (!at) say("idle", "Put something into the cart, then leave it.");
  else if (leftMs > 0) say("running", `Leave it now: in <strong>${Math.ceil(leftMs / 1000)} s</strong> the cart counts as abandoned.`);
  else say("left", "The cart counts as <strong>abandoned</strong>. Order within five days, and it counts as recovered.");
}

/** One entry of the receiver's list: what the shop's own server would have been told. */
function announce({ id, data }) {
  if (!data || shown.has(id) || !isMine(data)) return;
  shown.add(id);
  const items = data.items.map(({ quantity, name, product_id }) => `${quantity} × ${name || product_id}`).join(", ");
  const article = document.createElement("article");
  article.innerHTML = "<details><summary></summary><pre></pre></details>";
  article.querySelector("summary").textContent = `Your webhook came: ${items}, ${data.value} ${data.currency}`;
  article.querySelector("pre").textContent = JSON.stringify(data, null, 2);
  webhooks.prepend(article);
}

async function poll() {
  try {
    (await (await fetch("/received")).json()).last.forEach(announce);
  } catch {
    // the receiver is not there yet
  }
  setTimeout(poll, POLL_MS);
}

/** `mine(data)` says whether a webhook is about this visitor. */
export function begin({ idle_s, receiver }, mine) {
  idleMs = idle_s * 1000;
  isMine = mine;
  setInterval(draw, 250);
  draw();
  if (receiver) poll();
}
