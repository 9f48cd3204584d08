// Returns what the page shows, what the same page would show if it were loaded now, and the numbers
// in it that the API knows too.
const [done] = [...arguments].slice(-1);

// The parts of a page that follow the state of the shop.
const PARTS = [
  "#cart-badge", ".account", "#cart", "#articles", "#orders", ".order", "#checkout .receipt",
  "#users", "#sessions",
];
const text = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return [node.data.replace(/\s+/g, " ").trim()];
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches("noscript, template")) return [];
  // A script shows the time of this place.
  if (node.matches("time")) return [node.dateTime];
  if (node.matches("input:not([type=hidden])")) return [`${node.name}=${node.value}`];
  return [...node.childNodes].flatMap(text);
};
const parts = (root) => PARTS.flatMap((part) => [...root.querySelectorAll(part)].map((found) =>
  `${part}: ${text(found).filter((each) => each).join(" | ")}`));

const all = (selector) => [...document.querySelectorAll(selector)];
const digits = (element) => element?.textContent.replace(/\D/g, "") ?? "";
const last = (element) => element.id.split("-").pop();
const numbers = {
  path: location.pathname,
  badge: digits(document.querySelector("#cart-badge")),
  account: document.querySelector(".account")?.textContent.trim() ?? "",
  lines: Object.fromEntries(all("#cart [id^=cart-item-]").map((line) =>
    [last(line), line.querySelector("input[name=quantity]")?.value])),
  total: digits(document.querySelector("#cart .total strong")),
  stock: Object.fromEntries(all("#articles [id^=article-]").map((card) => {
    const stock = card.querySelector(".stock");
    return [last(card), digits(stock) || (stock?.matches(".none") ? "0" : "1")];
  })),
  orders: Object.fromEntries(all("#orders [id^=orders-], section.order").map((order) =>
    [order.id.replace(/^orders?-/, ""), order.querySelector(".badge")?.textContent.trim()])),
};

const page = location.href;
fetch(page, { headers: { Accept: "text/html" }, cache: "no-store" }).then(async (response) => {
  if (new URL(response.url).pathname !== new URL(page).pathname) {
    return [`the page is at ${response.url} now`];
  }
  return parts(new DOMParser().parseFromString(await response.text(), "text/html"));
}).catch((error) => [`the page is not loaded: ${error}`])
  .then((loaded) => done({ shown: parts(document), loaded, ...numbers }));
