import { useState } from "react";
import { Link, useParams } from "react-router";
import { CancelOrder } from "../components/CancelOrder";
import { Loading, Problem, StatusBadge } from "../components/Feedback";
import { LineTable } from "../components/LineTable";
import { PageTitle } from "../components/PageTitle";
import { api } from "../services/api";
import { ApiError } from "../services/http";
import type { Address, Order, OrderHistory } from "../services/types";
import { countryName } from "../utils/countries";
import { canCancel, formatTime, shortId, STATUS_WORDS } from "../utils/orders";
import { useLive } from "../utils/useLive";
import { NotFoundPage } from "./NotFoundPage";

const POLL_MS = 1500;

async function loadBoth(id: string, signal: AbortSignal): Promise<[Order, OrderHistory]> {
  return Promise.all([api.order(id, signal), api.orderHistory(id, signal)]);
}

export function OrderPage() {
  const { id = "" } = useParams();
  const { data, error, reload } = useLive(
    id,
    (signal) => loadBoth(id, signal),
    ([order]) => (order.status === "pending" ? POLL_MS : null),
  );
  const [problem, setProblem] = useState("");

  async function cancel(reason: string): Promise<void> {
    setProblem("");
    try {
      await api.cancelOrder(id, reason);
    } catch (failure) {
      setProblem((failure as Error).message);
    }
    reload();
  }

  if (!data) {
    if (!error) return <Loading what="your order" />;
    const unknown = error instanceof ApiError && [404, 422].includes(error.status);
    return unknown ? <NotFoundPage /> : <Problem onRetry={reload}>{error.message}</Problem>;
  }
  const [order, { history }] = data;
  return (
    <>
      <p className="back">
        <Link to="/orders">← Your orders</Link>
      </p>
      <PageTitle>{`Order ${shortId(order.id)}`}</PageTitle>
      <p className="order-status" role="status">
        <StatusBadge status={order.status} />
        <span>
          {STATUS_WORDS[order.status].meaning} {order.reason && `Reason: ${order.reason}`}
        </span>
      </p>
      {problem && <Problem>{problem}</Problem>}
      {error && <Problem onRetry={reload}>{error.message}</Problem>}
      <div className="with-summary">
        <div>
          <section className="panel" aria-label="Items">
            <h2>Items</h2>
            <LineTable
              items={order.items}
              totalCents={order.total_cents}
              currency={order.currency}
            />
          </section>
          <div className="order-actions">
            {order.status === "awaiting_payment" && (
              <Link to={`/checkout/${order.id}`} className="button button-main">
                Pay now
              </Link>
            )}
            {canCancel(order.status) && (
              <CancelOrder paid={order.status === "paid"} onCancel={cancel} />
            )}
          </div>
        </div>
        <aside>
          <section className="panel" aria-label="History">
            <h2>History</h2>
            <ol className="history">
              {history.map((entry) => (
                <li key={`${entry.at} ${entry.status}`}>
                  <strong>{STATUS_WORDS[entry.status].label}</strong>
                  <time dateTime={entry.at}>{formatTime(entry.at)}</time>
                  {entry.note && <span>{entry.note}</span>}
                </li>
              ))}
            </ol>
          </section>
          <AddressPanel address={order.shipping_address} />
        </aside>
      </div>
    </>
  );
}

function AddressPanel({ address }: { address: Address }) {
  return (
    <section className="panel" aria-label="Shipping address">
      <h2>Ships to</h2>
      <address>
        {address.name}
        <br />
        {address.line1}
        <br />
        {address.line2 && (
          <>
            {address.line2}
            <br />
          </>
        )}
        {address.postal_code} {address.city}
        <br />
        {countryName(address.country)}
      </address>
    </section>
  );
}
