/** The demo shop: what a shop does, and one call of cartwake for each thing that shoppers do. */
import * as checkout from "./checkout.js";
import * as countdown from "./countdown.js";
import { show } from "./log.js";
import { PRODUCTS, asItem, draw, find } from "./products.js";

const { cartwake } = window;
const config = await (await fetch("/config.json")).json();
const at = (id) => document.getElementById(id);
const money = new Intl.NumberFormat("en", { style: "currency", currency: config.currency });
const grid = at("grid");

function toast(text) {
  at("toast").textContent = text;
  at("toast").classList.add("shown");
  setTimeout(() => at("toast").classList.remove("shown"), 2500);
}

const card = (product) => `<li class="item"><a class="art" href="/p/${product.product_id}" data-link tabindex="-1" aria-hidden="true">${draw(product)}</a>
  <div class="about"><a class="name" href="/p/${product.product_id}" data-link>${product.name}</a><span class="quiet">${product.category}</span>
  <div class="buy"><span class="price">${money.format(product.price)}</span><button data-add="${product.product_id}" aria-label="Add ${product.name} to the cart">Add</button></div></div></li>`;

const detail = (product) => `<div class="art">${draw(product)}</div><div class="about"><h1 class="name">${product.name}</h1><span class="quiet">${product.category}</span>
  <p>${product.text}</p><span class="price">${money.format(product.price)}</span><div class="buttons"><button class="main" data-add="${product.product_id}">Add to cart</button>
  <button data-share="${product.product_id}" data-cw-target="share_product" data-cw-list-id="product_page">Share</button></div></div>`;

function drawCart() {
  const { items } = cartwake.cart();
  const count = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const total = money.format(items.reduce((sum, { price, quantity }) => sum + price * quantity, 0));
  at("lines").innerHTML = items.map(({ product_id, name, price, quantity }) => `<li><span>${quantity} × ${name}</span><span class="price">${money.format(price * quantity)}</span>
    <button data-remove="${product_id}" aria-label="Take one ${name} out">−</button></li>`).join("");
  at("count").textContent = at("to-cart-count").textContent = count;
  at("empty").hidden = count > 0;
  at("total").hidden = !count;
  at("total").querySelector("strong").textContent = total;
  at("checkout").disabled = at("share-cart").disabled = !count;
  return total;
}

function drawPage() {
  const product = find(location.pathname.split("/p/")[1]);
  at("product").hidden = !product;
  at("heading").hidden = Boolean(product);
  document.title = product ? `${product.name} · Kettle & Leaf` : "Kettle & Leaf";
  if (!product) return;
  at("product").innerHTML = detail(product);
  cartwake.viewItem(asItem(product));
}

function go(href) {
  const { pathname } = new URL(href);
  document.title = find(pathname.split("/p/")[1])?.name ?? "Kettle & Leaf"; // before the page view is taken
  history.pushState(null, "", pathname);
  drawPage();
  scrollTo({ top: 0, behavior: "smooth" });
}

function changeCart(call, id) {
  cartwake[call](asItem(find(id)));
  drawCart();
  if (cartwake.cart().items.length) countdown.restart();
  else countdown.stop("emptied");
}

async function share(properties) {
  const { url } = cartwake.share({ method: "copy", ...properties });
  const copied = await navigator.clipboard?.writeText(url).then(() => true, () => false);
  at("shared").textContent = (copied ? "Copied: " : "Your link: ") + url;
  toast(copied ? "Link copied" : "Your link is under the cart");
}

document.addEventListener("click", (event) => {
  const { add, remove, share: shared } = event.target.closest("[data-add],[data-remove],[data-share]")?.dataset ?? {};
  const link = event.target.closest("a[data-link]");
  if (add) {
    changeCart("addToCart", add);
    toast(`${find(add).name} is in your cart`);
  } else if (remove) changeCart("removeFromCart", remove);
  else if (shared) share({ content_type: "product", items: [asItem(find(shared))] });
  else if (link && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    go(link.href);
  }
});

at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const term = at("term").value.trim();
  const found = PRODUCTS.filter((product) => `${product.name} ${product.category} ${product.text}`.toLowerCase().includes(term.toLowerCase()));
  if (term) cartwake.search(term, { results: found.length });
  grid.innerHTML = found.map(card).join("");
  at("nothing").hidden = found.length > 0;
});

at("user").addEventListener("change", () => {
  const user = at("user").value;
  localStorage.setItem("shop:user", user);
  if (user) {
    cartwake.identify(user, { name: user });
    cartwake.track("login", { method: "demo" });
  } else {
    cartwake.reset();
    countdown.stop("emptied");
    drawCart();
  }
});

at("checkout").addEventListener("click", () =>
  checkout.begin(drawCart(), (orderId) => {
    drawCart();
    toast(`Thank you. Order ${orderId} is on its way.`);
  }),
);
at("share-cart").addEventListener("click", () => share({ content_type: "cart", cart_id: cartwake.cart().id, items: cartwake.cart().items }));
addEventListener("popstate", drawPage);
addEventListener("storage", drawCart); // another tab changed the cart

cartwake.init({ writeKey: config.write_key, host: config.collector, currency: config.currency, debug: show });
grid.innerHTML = PRODUCTS.map(card).join("");
at("user").value = localStorage.getItem("shop:user") ?? "";
at("came-through").hidden = !new URLSearchParams(location.search).has("cw_share");
drawPage();
drawCart();
countdown.begin(config, ({ person_id, device_id }) => device_id === cartwake.deviceId() || [`d:${cartwake.deviceId()}`, `u:${at("user").value}`].includes(person_id));
document.body.dataset.ready = "true";
