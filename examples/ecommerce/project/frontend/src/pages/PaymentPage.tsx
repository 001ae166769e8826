import { useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { CardForm } from "../components/CardForm";
import { useCart } from "../components/CartContext";
import { CheckoutSteps } from "../components/CheckoutSteps";
import { Loading, Problem } from "../components/Feedback";
import { LineTable } from "../components/LineTable";
import { PageTitle } from "../components/PageTitle";
import { api } from "../services/api";
import { ApiError } from "../services/http";
import type { CardDetails, Order } from "../services/types";
import { Attempt } from "../utils/attempt";
import { formatCents } from "../utils/money";
import { checkoutPhase, shortId } from "../utils/orders";
import { useAfter } from "../utils/useAfter";
import { useLive } from "../utils/useLive";

const POLL_MS = 600;
const SLOW_MS = 15_000;

/** The second half of the checkout: waits for the stock, takes the card, waits for "paid". */
export function PaymentPage() {
  const { id = "" } = useParams();
  const attempt = useRef(new Attempt());
  const [charged, setCharged] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const {
    data: order,
    error,
    reload,
  } = useLive(
    id,
    (signal) => api.order(id, signal),
    (known) =>
      ["reserving", "confirming"].includes(checkoutPhase(known.status, charged)) ? POLL_MS : null,
  );
  const phase = order && checkoutPhase(order.status, charged);
  const waiting = phase === "reserving" || phase === "confirming";
  const slow = useAfter(SLOW_MS, waiting ? phase : null);
  useEmptiedCart(phase === "done");

  async function pay(card: CardDetails): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      const payment = await api.pay(id, card, attempt.current.keyFor([id, card]));
      attempt.current.settle();
      if (payment.status === "failed") setProblem(declined(payment.failure_reason));
      else setCharged(true);
    } catch (failure) {
      const definite = failure instanceof ApiError && failure.definite;
      if (definite) attempt.current.settle();
      setProblem(
        failure instanceof ApiError && failure.status === 402
          ? declined(failure.message)
          : (failure as Error).message,
      );
    }
    setBusy(false);
    // Paid, or paid already, or cancelled meanwhile: the order knows.
    reload();
  }

  if (error && !order) {
    return (
      <>
        <PageTitle>Checkout</PageTitle>
        <Problem onRetry={reload}>{error.message}</Problem>
      </>
    );
  }
  if (!order || !phase) return <Loading what="your order" />;
  return (
    <>
      <PageTitle>{phase === "done" ? "Thank you!" : "Checkout"}</PageTitle>
      <CheckoutSteps phase={phase} />
      <div className="with-summary">
        <div>
          {problem && phase !== "done" && <Problem>{problem}</Problem>}
          {phase === "card" && (
            <CardForm
              amount={formatCents(order.total_cents, order.currency)}
              busy={busy}
              onSubmit={(card) => void pay(card)}
            />
          )}
          <div role="status">
            {phase === "reserving" && (
              <Progress slow={slow}>We are setting your items aside…</Progress>
            )}
            {phase === "confirming" && (
              <Progress slow={slow}>Your card was accepted. Confirming your order…</Progress>
            )}
            {phase === "done" && <Done order={order} />}
            {phase === "rejected" && <Rejected order={order} charged={charged} />}
          </div>
        </div>
        <aside className="panel summary" aria-label="Your order">
          <h2>Order {shortId(order.id)}</h2>
          <LineTable items={order.items} totalCents={order.total_cents} currency={order.currency} />
          <Link to={`/orders/${order.id}`}>See the order</Link>
        </aside>
      </div>
    </>
  );
}

function declined(reason: string | null): string {
  const words = reason?.trim() || "The card was declined";
  return `${words.replace(/[.!]?$/, ".")} Nothing was charged.`;
}

function Progress({ children, slow }: { children: string; slow: boolean }) {
  return (
    <div className="panel progress">
      <span className="spinner" aria-hidden="true" />
      <p>{children}</p>
      {slow && (
        <p className="hint">
          This takes longer than usual. You need not wait: the order is kept under Orders.
        </p>
      )}
    </div>
  );
}

function Done({ order }: { order: Order }) {
  return (
    <div className="panel outcome">
      <h2>Your order is paid</h2>
      <p>
        We have received {formatCents(order.total_cents, order.currency)} and will send your items
        to {order.shipping_address.name}, {order.shipping_address.city}.
      </p>
      <Link to="/orders" className="button button-main">
        See your orders
      </Link>
    </div>
  );
}

function Rejected({ order, charged }: { order: Order; charged: boolean }) {
  return (
    <div className="panel outcome outcome-bad">
      <h2>This order was cancelled</h2>
      <p>{order.reason ?? "It is not known why."}</p>
      <p>
        {charged ? "What you paid will be refunded." : "Your card was not charged for it."} What you
        wanted is still in your cart.
      </p>
      <Link to="/cart" className="button button-main">
        Back to the cart
      </Link>
    </div>
  );
}

/** The cart service empties the cart when it hears of the payment, a moment after the order does. */
function useEmptiedCart(paid: boolean): void {
  const { reload } = useCart();
  useEffect(() => {
    if (!paid) return;
    let timer: ReturnType<typeof setTimeout>;
    let rounds = 0;
    const look = async (): Promise<void> => {
      const cart = await reload();
      rounds += 1;
      if (cart?.item_count !== 0 && rounds < 10) timer = setTimeout(() => void look(), POLL_MS);
    };
    void look();
    return () => clearTimeout(timer);
  }, [paid, reload]);
}
