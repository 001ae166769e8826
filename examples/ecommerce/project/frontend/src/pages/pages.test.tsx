import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { expect, it } from "vitest";
import type { Order, OrderStatus, Product } from "../services/types";
import { fakeBackend, ok, refused } from "../utils/fakeBackend";
import { App } from "./App";

const LAMP: Product = {
  id: "p1",
  sku: "L-1",
  name: "Lamp",
  description: "Shines.",
  price_cents: 8900,
  currency: "USD",
  category: { id: "c1", name: "Lighting", slug: "lighting" },
  images: [],
};
const LINE = {
  product_id: "p1",
  name: "Lamp",
  unit_price_cents: 8900,
  quantity: 2,
  line_total_cents: 17800,
};
const CART = { items: [LINE], total_cents: 17800, currency: "USD", item_count: 2 };
const EMPTY = { items: [], total_cents: 0, currency: "USD", item_count: 0 };
const tokens = () => ok({ access_token: "access", refresh_token: "refresh" });
const pageOf = <T,>(items: T[], total = items.length) => ok({ items, total, page: 1, size: 12 });

function order(status: OrderStatus, reason: string | null = null): Order {
  return {
    id: "0a1b2c3d-0000",
    status,
    items: [LINE],
    total_cents: 17800,
    currency: "USD",
    shipping_address: { name: "R", line1: "1 Lane", city: "Town", postal_code: "1", country: "US" },
    reason,
    created_at: "2026-01-02T03:04:05Z",
  };
}

/** The whole front end at an address; signed in unless told otherwise. */
function open(path: string, routes: Parameters<typeof fakeBackend>[0] = {}, signedIn = true) {
  const backend = fakeBackend({
    "POST /auth/token": tokens,
    "POST /auth/refresh": tokens,
    "POST /auth/logout": () => ({ status: 204 }),
    "GET /users/me": () => ok({ id: "u", email: "r@example.com", full_name: "Robin", roles: [] }),
    "GET /profiles/me": () => ok({ full_name: "Robin", address: null }),
    "GET /categories": () =>
      ok([{ id: "c1", name: "Lighting", slug: "lighting", parent_id: null }]),
    "GET /products": () => pageOf([LAMP]),
    "GET /products/p1": () => ok(LAMP),
    "GET /inventory/p1": () => ok({ available: 3, low: true }),
    "GET /cart": () => ok(CART),
    ...routes,
  });
  if (signedIn) sessionStorage.setItem("refresh_token", "refresh");
  render(
    <MemoryRouter initialEntries={[path]}>
      <App />
    </MemoryRouter>,
  );
  return { ...backend, user: userEvent.setup() };
}

const title = (name: string) => screen.findByRole("heading", { level: 1, name });

it("who is not signed in is asked to, and then gets where they wanted", async () => {
  const { user } = open("/cart", {}, false);
  await title("Sign in");
  await user.type(screen.getByLabelText("E-mail"), "r@example.com");
  await user.type(screen.getByLabelText("Password"), "a-long-password{Enter}");
  await title("Your cart");
  expect(await screen.findByRole("link", { name: "Cart, 2 items" })).toBeTruthy();
});

it("a refused sign-in is told in words, and the wait after too many as the service says it", async () => {
  const { user, routes } = open("/login", { "POST /auth/token": () => refused(401, "no") }, false);
  await user.type(screen.getByLabelText("E-mail"), "r@example.com");
  await user.type(screen.getByLabelText("Password"), "wrong{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("password is not right");
  routes["POST /auth/token"] = () => refused(429, "Wait 5 minutes");
  await user.click(within(screen.getByRole("main")).getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Wait 5 minutes"));
});

it("a new account is signed in at once", async () => {
  const { user, sent } = open("/register", { "POST /auth/register": () => ok({}) }, false);
  await user.type(screen.getByLabelText("Full name"), "Robin");
  await user.type(screen.getByLabelText("E-mail"), "r@example.com");
  await user.type(screen.getByLabelText("Password"), "short{Enter}");
  expect(screen.getByText("Use at least 10 characters.")).toBeTruthy();
  expect(sent("POST", "/auth/register")).toHaveLength(0);
  await user.type(screen.getByLabelText("Password"), "-and-longer{Enter}");
  await title("All products");
  expect(sent("POST", "/auth/register")[0]?.body.password).toBe("short-and-longer");
});

it("signing out ends the session here and at the service", async () => {
  const { user, sent } = open("/orders", { "GET /orders": () => pageOf([]) });
  await user.click(await screen.findByRole("button", { name: "Sign out" }));
  await screen.findByRole("link", { name: "Sign in" });
  expect(sent("POST", "/auth/logout")[0]?.body).toEqual({ refresh_token: "refresh" });
  expect(sessionStorage.length).toBe(0);
});

it("the catalog searches within a category and turns pages", async () => {
  const { user, sent } = open("/?category=lighting", {
    "GET /search": () => pageOf([LAMP], 30),
  });
  await title("Lighting");
  expect(sent("GET", "/products")[0]?.path).toContain("category_id=c1");
  await user.type(screen.getByLabelText("Search products"), "lamp{Enter}");
  await title("Results for “lamp”");
  await user.click(await screen.findByRole("link", { name: "Next →" }));
  await screen.findByText("Page 2 of 3");
  const paths = sent("GET", "/search").map((call) => call.path);
  expect(paths).toEqual([
    "/search?q=lamp&category=lighting&page=1&size=12",
    "/search?q=lamp&category=lighting&page=2&size=12",
  ]);
});

it("a product shows its stock and goes into the cart in the wanted number", async () => {
  const { user, sent } = open("/products/p1", { "POST /cart/items": () => ok(CART) });
  await title("Lamp");
  await screen.findByText("Only 3 left");
  await screen.findByRole("link", { name: "Orders" });
  await user.click(screen.getByRole("button", { name: "One more" }));
  await user.click(screen.getByRole("button", { name: "Add to cart" }));
  await screen.findByText(/2 items added/);
  expect(sent("POST", "/cart/items")[0]?.body).toEqual({ product_id: "p1", quantity: 2 });
});

it("a product that is gone, and an address that never was, are not found", async () => {
  open("/products/none");
  await title("Page not found");
});

it("the cart changes and removes lines, and says what a service refuses", async () => {
  const { user, routes, sent } = open("/cart", {
    "PUT /cart/items/p1": () => refused(503, "The catalog does not answer"),
  });
  await user.click(await screen.findByRole("button", { name: "One more" }));
  expect((await screen.findByRole("alert")).textContent).toBe("The catalog does not answer");
  routes["PUT /cart/items/p1"] = () => ok(EMPTY);
  await user.click(screen.getByRole("button", { name: "Remove Lamp" }));
  await screen.findByText("Your cart is empty");
  expect(sent("PUT", "/cart/items/p1").map((call) => call.body.quantity)).toEqual([3, 0]);
});

async function payBy(user: ReturnType<typeof userEvent.setup>, number: string): Promise<void> {
  const field = await screen.findByLabelText("Card number");
  await user.clear(field);
  await user.type(field, number);
  if (!screen.queryByDisplayValue("12/40")) {
    await user.type(screen.getByLabelText("Expiry (MM/YY)"), "12/40");
    await user.type(screen.getByLabelText("Security code"), "123");
  }
  await user.click(screen.getByRole("button", { name: "Pay $178.00" }));
}

it("checks out: address, stock, a declined card, a lost answer, and then paid", async () => {
  let status: OrderStatus = "pending";
  const path = `/orders/${order("pending").id}`;
  const { user, routes, sent } = open("/checkout", {
    "POST /orders": () => ({ status: 201, body: order("pending") }),
    [`GET ${path}`]: () => ok(order(status)),
    "POST /payments": () => refused(402, "The bank declined"),
  });
  await user.type(await screen.findByLabelText("Street and number"), "1 Lane");
  await user.type(screen.getByLabelText("Postal code"), "12345");
  await user.type(screen.getByLabelText("City"), "Town{Enter}");
  await screen.findByText("We are setting your items aside…");
  status = "awaiting_payment";

  await payBy(user, "4000000000000002");
  await screen.findByText("The bank declined. Nothing was charged.");
  routes["POST /payments"] = () => refused(503, "Try again in a moment");
  await payBy(user, "4242424242424242");
  await screen.findByText("Try again in a moment");
  routes["POST /payments"] = () => ({ status: 201, body: { status: "succeeded" } });
  await payBy(user, "4242424242424242");
  await screen.findByText("Your card was accepted. Confirming your order…");
  status = "paid";
  await title("Thank you!");
  // The cart service hears of the payment a little later.
  routes["GET /cart"] = () => ok(EMPTY);
  await screen.findByRole("link", { name: "Cart, 0 items" });

  const keys = sent("POST", "/payments").map((call) => call.headers.get("Idempotency-Key"));
  expect(keys[0]).not.toBe(keys[1]);
  expect(keys[1], "the repeated payment must be the same attempt").toBe(keys[2]);
  expect(sent("POST", "/orders")[0]?.body.shipping_address).toMatchObject({ name: "Robin" });
});

it("an order without stock is rejected with its reason, and no card is asked for", async () => {
  const rejected = order("cancelled", "Only 1 Lamp is left");
  open(`/checkout/${rejected.id}`, { [`GET /orders/${rejected.id}`]: () => ok(rejected) });
  await screen.findByText("Only 1 Lamp is left");
  expect(screen.queryByLabelText("Card number")).toBeNull();
  expect(screen.getByText(/Your card was not charged/)).toBeTruthy();
});

it("the dashboard lists orders, with the way to pay for those that wait for it", async () => {
  open("/orders", { "GET /orders": () => pageOf([order("awaiting_payment")]) });
  const row = within(await screen.findByRole("list", { name: "Orders" }));
  expect(row.getByText("Awaiting payment")).toBeTruthy();
  expect(row.getByRole("link", { name: "Pay now" }).getAttribute("href")).toContain("/checkout/");
});

it("an order is cancelled only after being asked again, and its history shows it", async () => {
  let now = order("paid");
  const { id } = now;
  const history = () => [{ status: now.status, at: now.created_at, note: null }];
  const { user, sent } = open(`/orders/${id}`, {
    [`GET /orders/${id}`]: () => ok(now),
    [`GET /order-status/${id}`]: () => ok({ order_id: id, history: history() }),
    [`POST /orders/${id}/cancel`]: ({ body }) => ok((now = order("cancelled", body.reason))),
  });
  await user.click(await screen.findByRole("button", { name: "Cancel order…" }));
  expect(sent("POST", `/orders/${id}/cancel`)).toHaveLength(0);
  await screen.findByText("What you paid will be refunded.");
  await user.type(screen.getByLabelText("Reason (optional)"), "Changed my mind");
  await user.click(screen.getByRole("button", { name: "Cancel the order" }));
  await screen.findByText(/Reason: Changed my mind/);
  const region = within(screen.getByRole("region", { name: "History" }));
  expect(region.getByText("Cancelled")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Cancel order…" })).toBeNull();
});
