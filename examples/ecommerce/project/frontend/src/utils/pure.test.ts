import { describe, expect, it } from "vitest";
import type { OrderStatus } from "../services/types";
import { Attempt } from "./attempt";
import { countryName } from "./countries";
import { countOf, formatCents } from "./money";
import { canCancel, checkoutPhase } from "./orders";
import { apiProxy } from "./proxy";

describe("money", () => {
  it.each([
    [0, "$0.00"],
    [5, "$0.05"],
    [2450, "$24.50"],
    [123456789, "$1,234,567.89"],
    [-100, "-$1.00"],
  ])("%i cents are %s", (cents, text) => expect(formatCents(cents)).toBe(text));

  it("counts with the right noun", () => {
    expect([countOf(0, "item"), countOf(1, "item")]).toEqual(["0 items", "1 item"]);
  });
});

describe("orders", () => {
  it.each<[OrderStatus, boolean, string]>([
    ["pending", false, "reserving"],
    ["awaiting_payment", false, "card"],
    ["awaiting_payment", true, "confirming"],
    ["paid", true, "done"],
    ["delivered", false, "done"],
    ["cancelled", true, "rejected"],
  ])("%s (charged: %s) shows %s", (status, charged, phase) =>
    expect(checkoutPhase(status, charged)).toBe(phase),
  );

  it("can be cancelled until they are shipped", () => {
    const all: OrderStatus[] = ["pending", "awaiting_payment", "paid", "shipped", "cancelled"];
    expect(all.filter(canCancel)).toEqual(["pending", "awaiting_payment", "paid"]);
  });
});

describe("an attempt", () => {
  it("keeps its key for the same body until the answer is definite", () => {
    const attempt = new Attempt();
    const key = attempt.keyFor({ card: 1 });
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(attempt.keyFor({ card: 1 })).toBe(key);
    expect(attempt.keyFor({ card: 2 })).not.toBe(key);
    const second = attempt.keyFor({ card: 2 });
    attempt.settle();
    expect(attempt.keyFor({ card: 2 })).not.toBe(second);
  });
});

describe("countries", () => {
  it("have names, and what is no code is left alone", () => {
    expect([countryName("DE"), countryName("Atlantis")]).toEqual(["Germany", "Atlantis"]);
  });
});

describe("the development proxy", () => {
  const ruleFor = (env: Record<string, string>, path: string) =>
    Object.entries(apiProxy(env)).find(([key]) => new RegExp(key).test(path))?.[1];

  it.each([
    ["/api/auth/token", "http://127.0.0.1:8001"],
    ["/api/search?q=lamp", "http://127.0.0.1:8002"],
    ["/api/cart", "http://127.0.0.1:8003"],
    ["/api/payments/methods", "http://127.0.0.1:8004"],
    ["/api/order-status/1", "http://127.0.0.1:8005"],
    ["/api/stock/1", "http://127.0.0.1:8006"],
  ])("sends %s to %s", (path, target) => {
    const rule = ruleFor({}, path);
    expect(rule?.target).toBe(target);
    expect(rule?.rewrite?.(path)).toBe(path.slice("/api".length));
  });

  it("leaves pages and unknown paths alone", () => {
    expect(ruleFor({}, "/orders")).toBeUndefined();
    expect(ruleFor({}, "/api/cartography")).toBeUndefined();
  });

  it("keeps the prefix for a gateway, and follows a service that lives elsewhere", () => {
    expect(ruleFor({ GATEWAY_URL: "http://gate" }, "/api/cart")).toEqual({
      target: "http://gate",
      changeOrigin: true,
    });
    expect(ruleFor({ CART_URL: "http://cart:1" }, "/api/cart/items")?.target).toBe("http://cart:1");
  });
});
