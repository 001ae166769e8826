import { useState } from "react";
import { Link, useLocation, useNavigate, useParams } from "react-router";
import { useCart } from "../components/CartContext";
import { Loading, Problem } from "../components/Feedback";
import { PageTitle } from "../components/PageTitle";
import { ProductImage } from "../components/ProductImage";
import { QuantityInput } from "../components/QuantityInput";
import { useSession } from "../components/Session";
import { api } from "../services/api";
import { ApiError } from "../services/http";
import type { Stock } from "../services/types";
import { countOf, formatCents } from "../utils/money";
import { useLive } from "../utils/useLive";
import { NotFoundPage } from "./NotFoundPage";

const MAX_OF_ONE = 99;

export function ProductPage() {
  const { id = "" } = useParams();
  const product = useLive(id, (signal) => api.product(id, signal));
  // Without an answer the page says nothing about the stock; the order will find out.
  const stock = useLive(id, (signal) => api.stock(id, signal)).data;
  const { user } = useSession();
  const { add } = useCart();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [quantity, setQuantity] = useState(1);
  const [busy, setBusy] = useState(false);
  const [added, setAdded] = useState(0);
  const [problem, setProblem] = useState("");

  if (product.error instanceof ApiError && [404, 422].includes(product.error.status)) {
    return <NotFoundPage />;
  }
  if (product.error) return <Problem onRetry={product.reload}>{product.error.message}</Problem>;
  if (!product.data) return <Loading what="the product" />;
  const { name, description, price_cents, currency, sku, category } = product.data;
  const soldOut = stock?.available === 0;

  async function addToCart(): Promise<void> {
    if (!user) return void navigate("/login", { state: { from: pathname } });
    setBusy(true);
    setProblem("");
    setAdded(0);
    try {
      await add(id, quantity);
      setAdded(quantity);
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  }

  return (
    <article className="product">
      <ProductImage product={product.data} />
      <div className="product-text">
        {category && (
          <p className="eyebrow">
            <Link to={`/?category=${category.slug}`}>{category.name}</Link>
          </p>
        )}
        <PageTitle>{name}</PageTitle>
        <p className="price price-large">{formatCents(price_cents, currency)}</p>
        <p className="description">{description}</p>
        {stock && <StockLine stock={stock} />}
        <div className="buy">
          <QuantityInput
            label={`Quantity of ${name}`}
            value={quantity}
            max={Math.max(1, Math.min(MAX_OF_ONE, stock?.available ?? MAX_OF_ONE))}
            disabled={soldOut}
            onChange={setQuantity}
          />
          <button
            type="button"
            className="button button-main"
            disabled={busy || soldOut}
            onClick={() => void addToCart()}
          >
            {busy ? "Adding…" : "Add to cart"}
          </button>
        </div>
        {problem && <Problem>{problem}</Problem>}
        <div role="status">
          {added > 0 && (
            <p className="notice notice-good">
              {countOf(added, "item")} added. <Link to="/cart">Go to the cart</Link>
            </p>
          )}
        </div>
        <p className="sku">Article {sku}</p>
      </div>
    </article>
  );
}

function StockLine({ stock }: { stock: Stock }) {
  if (stock.available === 0) return <p className="stock stock-none">Sold out</p>;
  if (stock.low) return <p className="stock stock-low">Only {stock.available} left</p>;
  return <p className="stock stock-good">In stock</p>;
}
