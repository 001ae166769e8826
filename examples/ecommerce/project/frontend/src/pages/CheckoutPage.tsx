import { useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { AddressForm } from "../components/AddressForm";
import { useCart } from "../components/CartContext";
import { CheckoutSteps } from "../components/CheckoutSteps";
import { Empty, Loading, Problem } from "../components/Feedback";
import { LineTable } from "../components/LineTable";
import { PageTitle } from "../components/PageTitle";
import { useSession } from "../components/Session";
import { api } from "../services/api";
import { ApiError } from "../services/http";
import type { Address, User } from "../services/types";
import { Attempt } from "../utils/attempt";
import { useLive } from "../utils/useLive";

/** The address of the profile, when there is one, saves typing. */
async function loadAddress(user: User, signal: AbortSignal): Promise<Address> {
  const blank = { name: user.full_name, line1: "", city: "", postal_code: "", country: "US" };
  try {
    const { full_name, address } = await api.profile(signal);
    const known = Object.entries(address ?? {}).filter(([, value]) => value);
    return { ...blank, name: full_name || blank.name, ...Object.fromEntries(known) };
  } catch {
    return blank;
  }
}

/** The first step: the address. The order it places is paid for on the page after this one. */
export function CheckoutPage() {
  const { user } = useSession();
  const { cart, error } = useCart();
  const navigate = useNavigate();
  const attempt = useRef(new Attempt());
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const address = useLive(user?.id ?? "", (signal) => loadAddress(user as User, signal)).data;

  async function place(shipTo: Address): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      const key = attempt.current.keyFor([shipTo, cart]);
      const order = await api.placeOrder(shipTo, key);
      attempt.current.settle();
      await navigate(`/checkout/${order.id}`, { replace: true });
    } catch (failure) {
      if (failure instanceof ApiError && failure.definite) attempt.current.settle();
      setProblem((failure as Error).message);
      setBusy(false);
    }
  }

  return (
    <>
      <PageTitle>Checkout</PageTitle>
      <CheckoutSteps phase="address" />
      {error && <Problem>{error.message}</Problem>}
      {problem && <Problem>{problem}</Problem>}
      {!error && (!cart || !address) && <Loading what="your cart" />}
      {cart?.items.length === 0 && (
        <Empty title="Your cart is empty">
          <Link to="/">Look around in the shop</Link>
        </Empty>
      )}
      {cart && address && cart.items.length > 0 && (
        <div className="with-summary">
          <AddressForm initial={address} busy={busy} onSubmit={(shipTo) => void place(shipTo)} />
          <aside className="panel summary" aria-label="Your order">
            <h2>Your order</h2>
            <LineTable items={cart.items} totalCents={cart.total_cents} currency={cart.currency} />
          </aside>
        </div>
      )}
    </>
  );
}
