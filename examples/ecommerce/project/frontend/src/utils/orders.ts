/** What an order's status means to the person who placed it. */

import type { OrderStatus } from "../services/types";

interface StatusWords {
  label: string;
  tone: "wait" | "act" | "good" | "bad";
  meaning: string;
}

export const STATUS_WORDS: Record<OrderStatus, StatusWords> = {
  pending: { label: "Pending", tone: "wait", meaning: "We are setting your items aside." },
  awaiting_payment: {
    label: "Awaiting payment",
    tone: "act",
    meaning: "Your items are set aside. Pay to have them sent.",
  },
  paid: { label: "Paid", tone: "good", meaning: "We are packing your order." },
  shipped: { label: "Shipped", tone: "good", meaning: "Your order is on its way." },
  delivered: { label: "Delivered", tone: "good", meaning: "Your order has arrived." },
  cancelled: { label: "Cancelled", tone: "bad", meaning: "It will not be sent." },
};

export function canCancel(status: OrderStatus): boolean {
  return status === "pending" || status === "awaiting_payment" || status === "paid";
}

export type CheckoutPhase = "reserving" | "card" | "confirming" | "done" | "rejected";

/** `charged`: the card was charged just now, though the order may not know it yet. */
export function checkoutPhase(status: OrderStatus, charged: boolean): CheckoutPhase {
  if (status === "cancelled") return "rejected";
  if (status === "pending") return "reserving";
  if (status === "awaiting_payment") return charged ? "confirming" : "card";
  return "done";
}

export function shortId(id: string): string {
  return id.slice(0, 8).toUpperCase();
}

export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString("en-US", { dateStyle: "medium", timeStyle: "short" });
}
