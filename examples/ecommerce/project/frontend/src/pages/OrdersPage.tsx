import { Link, useSearchParams } from "react-router";
import { Empty, Loading, Problem, StatusBadge } from "../components/Feedback";
import { PageTitle } from "../components/PageTitle";
import { Pager } from "../components/Pager";
import { api } from "../services/api";
import type { Order } from "../services/types";
import { countOf, formatCents } from "../utils/money";
import { formatTime, shortId } from "../utils/orders";
import { useLive } from "../utils/useLive";

const SIZE = 10;
const POLL_MS = 2000;

export function OrdersPage() {
  const [params] = useSearchParams();
  const page = Math.max(1, Number.parseInt(params.get("page") ?? "1", 10) || 1);
  const { data, error, reload } = useLive(
    `orders ${page}`,
    (signal) => api.orders(page, SIZE, signal),
    (known) => (known.items.some((order) => order.status === "pending") ? POLL_MS : null),
  );

  return (
    <>
      <PageTitle lead="Everything you have ordered, the newest first.">Your orders</PageTitle>
      {error && <Problem onRetry={reload}>{error.message}</Problem>}
      {!data && !error && <Loading what="your orders" />}
      {data?.total === 0 && (
        <Empty title="No orders yet">
          <Link to="/" className="button button-main">
            Look around in the shop
          </Link>
        </Empty>
      )}
      {data && (
        <>
          <ul className="orders" aria-label="Orders">
            {data.items.map((order) => (
              <OrderRow key={order.id} order={order} />
            ))}
          </ul>
          <Pager
            page={page}
            size={SIZE}
            total={data.total}
            hrefOf={(other) => `/orders?page=${other}`}
          />
        </>
      )}
    </>
  );
}

function OrderRow({ order }: { order: Order }) {
  const count = order.items.reduce((sum, line) => sum + line.quantity, 0);
  return (
    <li className="panel order-row">
      <div className="order-what">
        <h2>
          <Link to={`/orders/${order.id}`}>Order {shortId(order.id)}</Link>
        </h2>
        <p>{order.items.map((line) => line.name).join(", ")}</p>
        <p className="hint">
          {formatTime(order.created_at)} · {countOf(count, "item")}
        </p>
      </div>
      <StatusBadge status={order.status} />
      <strong className="amount">{formatCents(order.total_cents, order.currency)}</strong>
      {order.status === "awaiting_payment" && (
        <Link to={`/checkout/${order.id}`} className="button button-main order-pay">
          Pay now
        </Link>
      )}
    </li>
  );
}
