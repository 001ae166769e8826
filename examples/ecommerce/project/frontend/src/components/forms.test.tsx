import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { AddressForm } from "./AddressForm";
import { CardForm } from "./CardForm";
import { QuantityInput } from "./QuantityInput";

it("a wrong card is not sent; the first wrong field gets the focus and says why", async () => {
  const send = vi.fn();
  render(<CardForm amount="$1.00" busy={false} onSubmit={send} />);
  const user = userEvent.setup();
  await user.type(screen.getByLabelText("Card number"), "4242424242424241");
  await user.click(screen.getByRole("button", { name: "Pay $1.00" }));
  expect(send).not.toHaveBeenCalled();
  const number = screen.getByLabelText("Card number");
  await waitFor(() => expect(document.activeElement).toBe(number));
  const error = document.getElementById(number.getAttribute("aria-describedby") ?? "");
  expect(error?.textContent).toContain("digit");
});

it("a right card is sent in numbers", async () => {
  const send = vi.fn();
  render(<CardForm amount="$1.00" busy={false} onSubmit={send} />);
  const user = userEvent.setup();
  await user.type(screen.getByLabelText("Card number"), "4242424242424242");
  await user.type(screen.getByLabelText("Expiry (MM/YY)"), "12/40");
  await user.type(screen.getByLabelText("Security code"), "123{Enter}");
  expect(send.mock.calls).toEqual([
    [{ number: "4242424242424242", exp_month: 12, exp_year: 2040, cvc: "123" }],
  ]);
});

it("a card is not sent twice while it is being charged", async () => {
  render(<CardForm amount="$1.00" busy onSubmit={vi.fn()} />);
  expect(screen.getByRole("button", { name: "Paying…" })).toHaveProperty("disabled", true);
});

it("an address is asked for in full, and an empty second line is left out", async () => {
  const send = vi.fn();
  const initial = {
    name: "R",
    line1: "",
    line2: " ",
    city: "Town",
    postal_code: "1",
    country: "DE",
  };
  render(<AddressForm initial={initial} busy={false} onSubmit={send} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Continue to payment" }));
  expect(screen.getByText("Enter a street and number.")).toBeTruthy();
  await user.type(screen.getByLabelText("Street and number"), "1 Lane");
  await user.click(screen.getByRole("button", { name: "Continue to payment" }));
  expect(send.mock.calls).toEqual([[{ ...initial, line1: "1 Lane", line2: undefined }]]);
});

it("a quantity stays between one and the most there is", async () => {
  const change = vi.fn();
  render(<QuantityInput label="Quantity of Lamp" value={3} max={5} onChange={change} />);
  const user = userEvent.setup();
  const input = screen.getByLabelText("Quantity");
  for (const typed of ["99{Enter}", "0{Enter}", "abc{Enter}", "4"]) {
    await user.clear(input);
    await user.type(input, typed);
  }
  await user.tab();
  await user.click(screen.getByRole("button", { name: "One less" }));
  expect(change.mock.calls).toEqual([[5], [1], [4], [2]]);
});
