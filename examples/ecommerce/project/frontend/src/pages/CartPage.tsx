import { useState } from "react";
import { Link } from "react-router";
import { useCart } from "../components/CartContext";
import { Empty, Loading, Problem } from "../components/Feedback";
import { PageTitle } from "../components/PageTitle";
import { QuantityInput } from "../components/QuantityInput";
import { countOf, formatCents } from "../utils/money";

const MAX_OF_ONE = 99;

export function CartPage() {
  const { cart, error, setQuantity, reload } = useCart();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  async function change(productId: string, quantity: number): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      await setQuantity(productId, quantity);
    } catch (failure) {
      setProblem((failure as Error).message);
    }
    setBusy(false);
  }

  return (
    <>
      <PageTitle>Your cart</PageTitle>
      {error && (
        <Problem onRetry={() => void reload()}>
          <strong>Your cart could not be loaded.</strong> {error.message}
        </Problem>
      )}
      {problem && <Problem>{problem}</Problem>}
      {!cart && !error && <Loading what="your cart" />}
      {cart?.items.length === 0 && (
        <Empty title="Your cart is empty">
          <p>What you add in the shop waits here for a week.</p>
          <Link to="/" className="button button-main">
            Look around
          </Link>
        </Empty>
      )}
      {cart && cart.items.length > 0 && (
        <div className="with-summary">
          <ul className="panel cart-lines" aria-label="Items in the cart" aria-busy={busy}>
            {cart.items.map((line) => (
              <li key={line.product_id}>
                <div className="cart-name">
                  <Link to={`/products/${line.product_id}`}>{line.name}</Link>
                  <span className="each">
                    {formatCents(line.unit_price_cents, cart.currency)} each
                  </span>
                </div>
                <QuantityInput
                  label={`Quantity of ${line.name}`}
                  value={line.quantity}
                  max={MAX_OF_ONE}
                  disabled={busy}
                  onChange={(quantity) => void change(line.product_id, quantity)}
                />
                <span className="amount">{formatCents(line.line_total_cents, cart.currency)}</span>
                <button
                  type="button"
                  className="link-button"
                  disabled={busy}
                  aria-label={`Remove ${line.name}`}
                  onClick={() => void change(line.product_id, 0)}
                >
                  Remove
                </button>
              </li>
            ))}
          </ul>
          <aside className="panel summary" aria-label="Summary">
            <h2>Summary</h2>
            <p className="summary-line" role="status">
              <span>{countOf(cart.item_count, "item")}</span>
              <strong>{formatCents(cart.total_cents, cart.currency)}</strong>
            </p>
            <Link to="/checkout" className="button button-main">
              Check out
            </Link>
            <p className="hint">The order takes today's prices.</p>
          </aside>
        </div>
      )}
    </>
  );
}
