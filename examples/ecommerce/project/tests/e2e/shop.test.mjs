/**
 * Buying in a real browser against the real services.
 *
 * E2E_URL: the front end, with the API below /api. E2E_ADMIN_EMAIL, E2E_ADMIN_PASSWORD: who fills
 * the shelves. CHROMIUM: the browser. E2E_SCREENSHOTS: a folder for pictures of the pages.
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { adminClient, seed, until } from "./seed.mjs";

const { E2E_URL, E2E_ADMIN_EMAIL, E2E_ADMIN_PASSWORD, E2E_SCREENSHOTS } = process.env;
const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-background-networking " +
  "--disable-component-update --disable-sync --no-first-run";
const GOOD_CARD = "4242 4242 4242 4242";
const DECLINED_CARD = "4000 0000 0000 0002";
const PASSWORD = "a-long-enough-password";
const run = Date.now().toString(36);
const base = E2E_URL?.replace(/\/$/, "");

let browser;
let shelf;

before(async () => {
  for (const name of ["E2E_URL", "E2E_ADMIN_EMAIL", "E2E_ADMIN_PASSWORD"]) {
    assert.ok(process.env[name], `${name} must be set`);
  }
  if (E2E_SCREENSHOTS) mkdirSync(E2E_SCREENSHOTS, { recursive: true });
  shelf = await seed(adminClient(base, E2E_ADMIN_EMAIL, E2E_ADMIN_PASSWORD), run);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: FLAGS.split(" "),
  });
});

after(() => browser?.close());

/** A test with a browser window of its own; what the page throws fails it, and is shown. */
function shopTest(name, body) {
  test(name, { timeout: 120_000 }, async (t) => {
    const context = await browser.newContext({ viewport: { width: 1200, height: 850 } });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const thrown = [];
    page.on("pageerror", (error) => thrown.push(error.message));
    try {
      await body(page, t);
      assert.deepEqual(thrown, []);
    } catch (error) {
      await picture(page, `failed-${name}`);
      throw error;
    } finally {
      await context.close();
    }
  });
}

async function picture(page, name) {
  if (!E2E_SCREENSHOTS) return;
  const file = `${name.toLowerCase().replace(/\W+/g, "-")}.png`;
  await page.screenshot({ path: path.join(E2E_SCREENSHOTS, file) });
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

async function register(page, who) {
  const email = `${who}-${run}@example.com`;
  await page.goto(`${base}/register`);
  await page.getByLabel("Full name").fill("Robin Field");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return email;
}

/** Finds the product by the search box and puts some of it into the cart. */
async function buy(page, product, quantity = 1) {
  await page.getByRole("link", { name: "Shop" }).click();
  await page.getByLabel("Search products").fill(product.name);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("heading", { level: 1, name: "Results for" }).waitFor();
  await page.getByRole("link", { name: product.name }).click();
  await heading(page, product.name);
  await page.getByText("In stock").waitFor();
  for (let more = 1; more < quantity; more += 1) {
    await page.getByRole("button", { name: "One more" }).click();
  }
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByText(`${quantity} item${quantity > 1 ? "s" : ""} added`).waitFor();
}

/** Checks out as far as the order: cart, then address. */
async function orderFromCart(page) {
  await page.getByRole("link", { name: /^Cart/ }).click();
  await page.getByRole("link", { name: "Check out" }).click();
  await page.getByLabel("Street and number").fill("12 Mill Lane");
  await page.getByLabel("Postal code").fill("90210");
  await page.getByLabel("City").fill("Springfield");
  await picture(page, "4-checkout-address");
  await page.getByRole("button", { name: "Continue to payment" }).click();
}

/** Checks out as far as the card form, which comes when the stock is reserved; the order's id. */
async function placeOrder(page) {
  await orderFromCart(page);
  await page.getByLabel("Card number").waitFor();
  return new URL(page.url()).pathname.split("/").pop();
}

async function pay(page, number) {
  await page.getByLabel("Card number").fill(number);
  await page.getByLabel("Expiry").fill("12/40");
  await page.getByLabel("Security code").fill("123");
  await picture(page, "5-checkout-card");
  await page.getByRole("button", { name: /^Pay \$/ }).click();
}

/** The row of an order on the orders page. */
async function orderRow(page, id) {
  await page.getByRole("link", { name: "Orders", exact: true }).click();
  await heading(page, "Your orders");
  const row = page
    .getByRole("list", { name: "Orders" })
    .getByRole("listitem")
    .filter({ hasText: `Order ${id.slice(0, 8).toUpperCase()}` });
  await row.waitFor();
  return row;
}

shopTest("a customer registers, signs in, finds, buys and sees the order paid", async (page) => {
  const email = await register(page, "buyer");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill("not-the-password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("password is not right").waitFor();
  await picture(page, "1-sign-in-refused");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();

  await page.getByRole("link", { name: shelf.category.name }).click();
  await heading(page, shelf.category.name);
  await page.getByText("2 products").waitFor();
  await picture(page, "2-category");
  await buy(page, shelf.lantern, 2);
  await buy(page, shelf.lamp);
  const image = page.getByRole("img", { name: shelf.lamp.name });
  await until("the lamp's image", () => image.evaluate((element) => element.naturalWidth === 4));
  await picture(page, "3-product-added");

  // A reload loses the access token; the refresh token brings the session and the cart back.
  await page.reload();
  await page.getByRole("link", { name: "Cart, 3 items" }).click();
  const lines = page.getByRole("list", { name: "Items in the cart" });
  await lines.getByText("$49.00", { exact: true }).waitFor();
  await page.getByText("$138.00").waitFor();
  await picture(page, "3-cart");

  const id = await placeOrder(page);
  await pay(page, GOOD_CARD);
  await heading(page, "Thank you!");
  await page.getByText("We have received $138.00").waitFor();
  await page.getByRole("link", { name: "Cart, 0 items" }).waitFor();
  await picture(page, "6-paid");

  const row = await orderRow(page, id);
  await row.getByText("Paid", { exact: true }).waitFor();
  await picture(page, "7-orders");
  await row.getByRole("link").click();
  const history = page.getByRole("region", { name: "History" });
  for (const status of ["Pending", "Awaiting payment", "Paid"]) {
    await history.getByText(status, { exact: true }).waitFor();
  }
  await picture(page, "8-order");
});

shopTest("a declined card is told in words, and another one pays", async (page) => {
  await register(page, "declined");
  await buy(page, shelf.lantern);
  const id = await placeOrder(page);
  await pay(page, DECLINED_CARD);
  await page.getByRole("alert").getByText("Nothing was charged").waitFor();
  await picture(page, "9-declined");
  await pay(page, GOOD_CARD);
  await heading(page, "Thank you!");
  const row = await orderRow(page, id);
  await row.getByText("Paid", { exact: true }).waitFor();
});

shopTest("an order for more than there is, is rejected in words", async (page) => {
  await register(page, "greedy");
  await buy(page, shelf.lantern);
  await page.getByRole("link", { name: /^Cart/ }).click();
  await page.getByLabel("Quantity", { exact: true }).fill("99");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Cart, 99 items" }).waitFor();
  await orderFromCart(page);
  await page.getByRole("heading", { name: "This order was cancelled" }).waitFor();
  await page.getByText("Your card was not charged for it.").waitFor();
  await picture(page, "11-rejected");
});

shopTest("an order is cancelled, and can no longer be paid", async (page) => {
  await register(page, "cancels");
  await buy(page, shelf.lamp);
  const id = await placeOrder(page);
  const row = await orderRow(page, id);
  await row.getByText("Awaiting payment", { exact: true }).waitFor();
  await row.getByRole("link", { name: /^Order/ }).click();
  await page.getByRole("button", { name: "Cancel order…" }).click();
  await page.getByLabel("Reason").fill("Ordered by mistake");
  await page.getByRole("button", { name: "Cancel the order" }).click();
  const history = page.getByRole("region", { name: "History" });
  await history.getByText("Cancelled", { exact: true }).waitFor();
  await picture(page, "10-cancelled");
  assert.equal(await page.getByRole("link", { name: "Pay now" }).count(), 0);
  await page.goto(`${base}/checkout/${id}`);
  await page.getByRole("heading", { name: "This order was cancelled" }).waitFor();
  assert.equal(await page.getByLabel("Card number").count(), 0);
});
