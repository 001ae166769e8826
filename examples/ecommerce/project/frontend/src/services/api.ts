/** Every call the front end makes, by name. */

import { createHttp } from "./http";
import type {
  Address,
  CardDetails,
  Cart,
  Category,
  Order,
  OrderHistory,
  Page,
  Payment,
  Product,
  Profile,
  Stock,
  User,
} from "./types";

// Looked up at each call, so that tests can put their own `fetch` in place.
export const http = createHttp((...args) => fetch(...args), sessionStorage);

const anonymous = true;

function query(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

export const api = {
  register: (email: string, password: string, full_name: string) =>
    http.request<User>("POST", "/auth/register", {
      body: { email, password, full_name },
      anonymous,
    }),
  me: () => http.request<User>("GET", "/users/me"),
  profile: (signal?: AbortSignal) => http.request<Profile>("GET", "/profiles/me", { signal }),

  categories: (signal?: AbortSignal) =>
    http.request<Category[] | Page<Category>>("GET", "/categories", { signal, anonymous }),
  products: (filter: { category_id?: string; page: number; size: number }, signal?: AbortSignal) =>
    http.request<Page<Product>>("GET", `/products${query(filter)}`, { signal, anonymous }),
  search: (
    filter: { q: string; category?: string; page: number; size: number },
    signal?: AbortSignal,
  ) => http.request<Page<Product>>("GET", `/search${query(filter)}`, { signal, anonymous }),
  product: (id: string, signal?: AbortSignal) =>
    http.request<Product>("GET", `/products/${encodeURIComponent(id)}`, { signal, anonymous }),
  stock: (id: string, signal?: AbortSignal) =>
    http.request<Stock>("GET", `/inventory/${encodeURIComponent(id)}`, { signal, anonymous }),

  cart: (signal?: AbortSignal) => http.request<Cart>("GET", "/cart", { signal }),
  addToCart: (product_id: string, quantity: number) =>
    http.request<Cart>("POST", "/cart/items", { body: { product_id, quantity } }),
  setQuantity: (product_id: string, quantity: number) =>
    http.request<Cart>("PUT", `/cart/items/${product_id}`, { body: { quantity } }),

  placeOrder: (shipping_address: Address, key: string) =>
    http.request<Order>("POST", "/orders", {
      body: { shipping_address },
      headers: { "Idempotency-Key": key },
    }),
  orders: (page: number, size: number, signal?: AbortSignal) =>
    http.request<Page<Order>>("GET", `/orders${query({ page, size })}`, { signal }),
  order: (id: string, signal?: AbortSignal) =>
    http.request<Order>("GET", `/orders/${encodeURIComponent(id)}`, { signal }),
  orderHistory: (id: string, signal?: AbortSignal) =>
    http.request<OrderHistory>("GET", `/order-status/${encodeURIComponent(id)}`, { signal }),
  cancelOrder: (id: string, reason: string) =>
    http.request<Order>("POST", `/orders/${id}/cancel`, { body: { reason: reason || null } }),

  pay: (order_id: string, card: CardDetails, key: string) =>
    http.request<Payment>("POST", "/payments", {
      body: { order_id, card },
      headers: { "Idempotency-Key": key },
    }),
};
