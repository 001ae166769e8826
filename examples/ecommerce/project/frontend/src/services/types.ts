/** The shapes the services answer with. Money is integer cents, times are ISO 8601 in UTC. */

export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  size: number;
}

export interface User {
  id: string;
  email: string;
  full_name: string;
  roles: string[];
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
}

export interface Profile {
  full_name: string;
  address: Partial<Omit<Address, "name">> | null;
}

export interface Category {
  id: string;
  name: string;
  slug: string;
  parent_id: string | null;
}

export interface Product {
  id: string;
  sku: string;
  name: string;
  description: string;
  price_cents: number;
  currency: string;
  category: { id: string; name: string; slug: string } | null;
  images: { id: string; url: string }[];
}

export interface Stock {
  available: number;
  low: boolean;
}

export interface Line {
  product_id: string;
  name: string;
  unit_price_cents: number;
  quantity: number;
  line_total_cents: number;
}

export interface Cart {
  items: Line[];
  total_cents: number;
  currency: string;
  item_count: number;
}

export interface Address {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  postal_code: string;
  country: string;
}

export type OrderStatus =
  "pending" | "awaiting_payment" | "paid" | "shipped" | "delivered" | "cancelled";

export interface Order {
  id: string;
  status: OrderStatus;
  items: Line[];
  total_cents: number;
  currency: string;
  shipping_address: Address;
  reason: string | null;
  created_at: string;
}

export interface OrderHistory {
  order_id: string;
  status: OrderStatus;
  history: { status: OrderStatus; at: string; note: string | null }[];
}

export interface CardDetails {
  number: string;
  exp_month: number;
  exp_year: number;
  cvc: string;
}

export interface Payment {
  id: string;
  status: "succeeded" | "failed" | "refunded";
  amount_cents: number;
  failure_reason: string | null;
}
