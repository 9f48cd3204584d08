// Buys an article with the client that openapi-typescript and openapi-fetch make of the API.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

declare const process: { argv: string[] };

const shop = createClient<paths>({ baseUrl: process.argv[2] });

const account = { username: "typescript", password: "a quiet harbour" };
const registered = await shop.POST("/auth/register", { body: account });
if (registered.data === undefined) throw new Error(registered.error.message);
const headers = { authorization: `Bearer ${registered.data.access_token}` };

const articles = await shop.GET("/api/articles", { params: { query: { limit: 1 } } });
if (articles.data === undefined) throw new Error(articles.error.message);
const [article] = articles.data.articles;
if (article === undefined) throw new Error("the shop has no articles");

const item = { article_id: article.id, quantity: 2 };
const added = await shop.POST("/api/cart/items", { headers, body: item });
if (added.data === undefined) throw new Error(added.error.message);
const { version, total_cents } = added.data.cart;

const placed = await shop.POST("/api/orders", {
  headers,
  params: { header: { "idempotency-key": "typescript-1" } },
  body: {
    cart_version: version,
    expected_total_cents: total_cents,
    name: "Ana",
    email: "ana@example.org",
    address: "1 Quay Street",
  },
});
if (placed.data === undefined) throw new Error(placed.error.message);
console.log(placed.data.order.status);

const refused = await shop.GET("/api/users", { headers });
console.log(refused.error?.code);
