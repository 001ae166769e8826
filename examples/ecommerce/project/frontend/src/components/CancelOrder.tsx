import { useEffect, useRef, useState, type FormEvent } from "react";
import { Field } from "./Field";

interface Props {
  paid: boolean;
  onCancel: (reason: string) => Promise<void>;
}

/** Asks once more before it cancels, and for a reason, which may be left out. */
export function CancelOrder({ paid, onCancel }: Props) {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (asking) form.current?.querySelector("input")?.focus();
  }, [asking]);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    await onCancel(reason.trim());
    setBusy(false);
    setAsking(false);
  }

  if (!asking) {
    return (
      <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
        Cancel order…
      </button>
    );
  }
  return (
    <form
      className="panel form"
      ref={form}
      onSubmit={(event) => void submit(event)}
      aria-label="Cancel order"
    >
      <h2>Cancel this order?</h2>
      <p>{paid ? "What you paid will be refunded." : "Nothing has been charged."}</p>
      <Field
        label="Reason (optional)"
        maxLength={200}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <div className="buttons">
        <button type="submit" className="button button-danger" disabled={busy}>
          {busy ? "Cancelling…" : "Cancel the order"}
        </button>
        <button type="button" className="button button-quiet" onClick={() => setAsking(false)}>
          Keep it
        </button>
      </div>
    </form>
  );
}
