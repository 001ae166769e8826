import type { CheckoutPhase } from "../utils/orders";

const STEPS = ["Address", "Stock", "Payment", "Done"];
const PLACE: Record<CheckoutPhase | "address", number> = {
  address: 0,
  reserving: 1,
  rejected: 1,
  card: 2,
  confirming: 2,
  done: 3,
};

/** Where in the checkout one is. */
export function CheckoutSteps({ phase }: { phase: CheckoutPhase | "address" }) {
  const place = PLACE[phase];
  return (
    <ol className="steps" aria-label="Steps of the checkout">
      {STEPS.map((step, index) => (
        <li
          key={step}
          className={index < place || phase === "done" ? "step-done" : undefined}
          aria-current={index === place ? "step" : undefined}
        >
          {step}
        </li>
      ))}
    </ol>
  );
}
