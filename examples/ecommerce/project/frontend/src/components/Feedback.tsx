import type { ReactNode } from "react";
import { STATUS_WORDS } from "../utils/orders";
import type { OrderStatus } from "../services/types";

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      <span className="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}

/** Read out at once by a screen reader. */
export function Problem({ children, onRetry }: { children: ReactNode; onRetry?: () => void }) {
  return (
    <div className="notice notice-bad" role="alert">
      <div>{children}</div>
      {onRetry && (
        <button type="button" className="button button-quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function StatusBadge({ status }: { status: OrderStatus }) {
  const { label, tone } = STATUS_WORDS[status];
  return <span className={`badge badge-${tone}`}>{label}</span>;
}
