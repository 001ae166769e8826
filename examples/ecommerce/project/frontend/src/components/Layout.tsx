import { useEffect } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigate, useNavigationType } from "react-router";
import { countOf } from "../utils/money";
import { useCart } from "./CartContext";
import { useSession } from "./Session";

export function Layout() {
  const { user, signOut } = useSession();
  const { cart } = useCart();
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const kind = useNavigationType();

  // A new page starts at its top; going back is left to the browser, which knows where one was.
  useEffect(() => {
    if (kind !== "POP") window.scrollTo(0, 0);
  }, [pathname, search, kind]);

  const count = cart?.item_count ?? 0;

  async function leave(): Promise<void> {
    await navigate("/");
    await signOut();
  }

  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <header className="site-header">
        <div className="wrap bar">
          <Link to="/" className="brand">
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M5 21C5 11 9 5 20 3c1 10-4 15-12 15m0 0c1-5 3-8 7-10" />
            </svg>
            Fernway
          </Link>
          <nav aria-label="Main">
            <NavLink to="/" end>
              Shop
            </NavLink>
            {user && <NavLink to="/orders">Orders</NavLink>}
            <NavLink
              to="/cart"
              className="cart-link"
              aria-label={`Cart, ${countOf(count, "item")}`}
            >
              Cart {count > 0 && <span className="count">{count}</span>}
            </NavLink>
          </nav>
          <div className="account">
            {user ? (
              <>
                <span className="who" title={user.email}>
                  {user.full_name}
                </span>
                <button type="button" className="button button-quiet" onClick={() => void leave()}>
                  Sign out
                </button>
              </>
            ) : (
              user === null && (
                <Link to="/login" className="button button-quiet">
                  Sign in
                </Link>
              )
            )}
          </div>
        </div>
      </header>
      <main id="main" className="wrap" tabIndex={-1}>
        <Outlet />
      </main>
      <footer className="site-footer">
        <div className="wrap">Fernway · good things for the house</div>
      </footer>
    </>
  );
}
