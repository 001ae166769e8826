/** What a form can tell before it asks a service. Every check answers words, or "" when all is well. */

import type { Address, CardDetails } from "../services/types";

export type Errors<T> = Partial<Record<keyof T, string>>;

export interface CardForm {
  number: string;
  expiry: string;
  cvc: string;
}

export function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}

/** The checksum of card numbers: every second digit from the right counts double. */
export function luhnValid(number: string): boolean {
  const digits = digitsOf(number);
  if (digits.length < 12 || digits.length > 19) return false;
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** `4242424242424242` → `4242 4242 4242 4242`, while it is being typed. */
export function groupCardNumber(text: string): string {
  return (
    digitsOf(text)
      .slice(0, 19)
      .match(/.{1,4}/g) ?? []
  ).join(" ");
}

/** `12/27` or `1227` → month and full year; null when it is not a month and a year. */
export function parseExpiry(text: string): { month: number; year: number } | null {
  const match =
    /^\s*(\d{1,2})\s*[/-]\s*(\d{2}|\d{4})\s*$/.exec(text) ?? /^(\d\d)(\d\d)$/.exec(text);
  if (!match) return null;
  const month = Number(match[1]);
  const year = Number(match[2]);
  if (month < 1 || month > 12) return null;
  return { month, year: year < 100 ? 2000 + year : year };
}

export function emailError(email: string): string {
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim()) ? "" : "Enter an e-mail address.";
}

export function passwordError(password: string): string {
  return password.length >= 10 ? "" : "Use at least 10 characters.";
}

export function required(text: string, what: string): string {
  return text.trim() ? "" : `Enter ${what}.`;
}

export function cardErrors(card: CardForm, today: Date): Errors<CardForm> {
  const expiry = parseExpiry(card.expiry);
  // A card is good until the last day of its month.
  const expired = expiry && new Date(expiry.year, expiry.month, 1) <= today;
  return withoutEmpty({
    number: luhnValid(card.number) ? "" : "Check the card number: a digit seems to be wrong.",
    expiry: !expiry ? "Enter the expiry as MM/YY." : expired ? "This card has expired." : "",
    cvc: /^\d{3,4}$/.test(card.cvc.trim()) ? "" : "Enter the 3 or 4 digits of the code.",
  });
}

/** Only for a form without errors. */
export function cardDetails(card: CardForm): CardDetails {
  const expiry = parseExpiry(card.expiry);
  if (!expiry) throw new Error("The card's expiry was not checked");
  return {
    number: digitsOf(card.number),
    exp_month: expiry.month,
    exp_year: expiry.year,
    cvc: card.cvc.trim(),
  };
}

export function addressErrors(address: Address): Errors<Address> {
  return withoutEmpty({
    name: required(address.name, "the name of the person it goes to"),
    line1: required(address.line1, "a street and number"),
    city: required(address.city, "a city"),
    postal_code: required(address.postal_code, "a postal code"),
    country: required(address.country, "a country"),
  });
}

export function withoutEmpty<T>(errors: Errors<T>): Errors<T> {
  return Object.fromEntries(Object.entries(errors).filter(([, words]) => words)) as Errors<T>;
}

export function anyError(errors: object): boolean {
  return Object.keys(errors).length > 0;
}
