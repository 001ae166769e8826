import { useState, type FormEvent } from "react";
import type { Address } from "../services/types";
import { COUNTRIES } from "../utils/countries";
import { addressErrors, anyError, type Errors } from "../utils/validation";
import { Field, focusFirstError } from "./Field";

interface Props {
  initial: Address;
  busy: boolean;
  onSubmit: (address: Address) => void;
}

export function AddressForm({ initial, busy, onSubmit }: Props) {
  const [address, setAddress] = useState(initial);
  const [errors, setErrors] = useState<Errors<Address>>({});

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const found = addressErrors(address);
    setErrors(found);
    if (anyError(found)) focusFirstError(event.currentTarget);
    else onSubmit({ ...address, line2: address.line2?.trim() || undefined });
  }

  const field = (name: keyof Address, label: string, autoComplete: string) => (
    <Field
      label={label}
      name={name}
      autoComplete={autoComplete}
      value={address[name] ?? ""}
      error={errors[name]}
      onChange={(event) => setAddress({ ...address, [name]: event.target.value })}
    />
  );

  return (
    <form className="panel form" onSubmit={submit} noValidate aria-label="Shipping address">
      <h2>Where shall it go?</h2>
      {field("name", "Full name", "shipping name")}
      {field("line1", "Street and number", "shipping address-line1")}
      {field("line2", "Apartment, floor (optional)", "shipping address-line2")}
      <div className="row">
        {field("postal_code", "Postal code", "shipping postal-code")}
        {field("city", "City", "shipping address-level2")}
      </div>
      <div className="field">
        <label htmlFor="country">Country</label>
        <select
          id="country"
          autoComplete="shipping country"
          value={address.country}
          onChange={(event) => setAddress({ ...address, country: event.target.value })}
        >
          {COUNTRIES.map(({ code, name }) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <button type="submit" className="button button-main" disabled={busy}>
        {busy ? "Placing your order…" : "Continue to payment"}
      </button>
    </form>
  );
}
