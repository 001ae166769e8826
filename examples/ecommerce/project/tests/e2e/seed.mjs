/** The shop's shelves, filled over the API as the administrator would. */

import { setTimeout as pause } from "node:timers/promises";

/** Four by three pixels of walnut. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAALklEQVR42gXBoQEAAAgCMK80GAweQyRykInkTW5xmlOf6pRhjtlmmRmLWfSiFvmYXhRZVT5WcgAAAABJRU5ErkJggg==",
  "base64",
);

/** Asks until `look` gives something; fails with the last error when it takes too long. */
export async function until(what, look, timeout = 20_000) {
  const end = Date.now() + timeout;
  let last = "no answer";
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error.message;
    }
    await pause(150);
  }
  throw new Error(`Waited ${timeout} ms for ${what}: ${last}`);
}

export function adminClient(base, email, password) {
  let token;

  /** `body` goes as JSON; forms are given as they are. */
  async function call(method, path, body) {
    const isForm = body instanceof URLSearchParams || body instanceof FormData;
    const response = await fetch(`${base}/api${path}`, {
      method,
      headers: {
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && !isForm && { "Content-Type": "application/json" }),
      },
      body: isForm ? body : body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  async function signIn() {
    const form = new URLSearchParams({ username: email, password });
    token = (await call("POST", "/auth/token", form)).access_token;
  }

  return { call, signIn };
}

/** A category with two products in stock, named after this run so that runs do not meet. */
export async function seed(admin, run) {
  await until("the administrator's sign-in", async () => {
    await admin.signIn();
    return true;
  });
  const category = await admin.call("POST", "/categories", { name: `Lighting ${run}` });
  const products = [];
  for (const [kind, price_cents] of [
    ["Walnut desk lamp", 8900],
    ["Paper lantern", 2450],
  ]) {
    const product = await admin.call("POST", "/products", {
      sku: `${kind.slice(0, 3).toUpperCase()}-${run}`,
      name: `${kind} ${run}`,
      description: "Warm light for long evenings.\nBulb included.",
      price_cents,
      category_id: category.id,
    });
    // The inventory learns of a product by an event, so its first stock may have to wait a moment.
    await until(`stock for ${product.name}`, () =>
      admin.call("PUT", `/stock/${product.id}`, { on_hand: 20 }),
    );
    products.push(product);
  }
  const form = new FormData();
  form.set("file", new Blob([PICTURE], { type: "image/png" }), "lamp.png");
  await admin.call("POST", `/products/${products[0].id}/images`, form);
  return { category, lamp: products[0], lantern: products[1] };
}
