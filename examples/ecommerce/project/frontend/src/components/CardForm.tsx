import { useState, type FormEvent } from "react";
import type { CardDetails } from "../services/types";
import {
  anyError,
  cardDetails,
  cardErrors,
  groupCardNumber,
  type CardForm as Values,
  type Errors,
} from "../utils/validation";
import { Field, focusFirstError } from "./Field";

interface Props {
  amount: string;
  busy: boolean;
  onSubmit: (card: CardDetails) => void;
}

export function CardForm({ amount, busy, onSubmit }: Props) {
  const [card, setCard] = useState<Values>({ number: "", expiry: "", cvc: "" });
  const [errors, setErrors] = useState<Errors<Values>>({});

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    if (busy) return;
    const found = cardErrors(card, new Date());
    setErrors(found);
    if (anyError(found)) focusFirstError(event.currentTarget);
    else onSubmit(cardDetails(card));
  }

  return (
    <form className="panel form" onSubmit={submit} noValidate aria-label="Card">
      <h2>How do you want to pay?</h2>
      <Field
        label="Card number"
        inputMode="numeric"
        autoComplete="cc-number"
        placeholder="1234 5678 9012 3456"
        value={card.number}
        error={errors.number}
        onChange={(event) => setCard({ ...card, number: groupCardNumber(event.target.value) })}
      />
      <div className="row">
        <Field
          label="Expiry (MM/YY)"
          autoComplete="cc-exp"
          placeholder="MM/YY"
          maxLength={7}
          value={card.expiry}
          error={errors.expiry}
          onChange={(event) => setCard({ ...card, expiry: event.target.value })}
        />
        <Field
          label="Security code"
          inputMode="numeric"
          autoComplete="cc-csc"
          placeholder="CVC"
          maxLength={4}
          value={card.cvc}
          error={errors.cvc}
          onChange={(event) => setCard({ ...card, cvc: event.target.value })}
        />
      </div>
      <button type="submit" className="button button-main" disabled={busy}>
        {busy ? "Paying…" : `Pay ${amount}`}
      </button>
    </form>
  );
}
