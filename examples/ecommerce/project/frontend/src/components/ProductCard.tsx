import { Link } from "react-router";
import type { Product } from "../services/types";
import { formatCents } from "../utils/money";
import { ProductImage } from "./ProductImage";

export function ProductCard({ product }: { product: Product }) {
  return (
    <li className="product-card">
      <ProductImage product={product} />
      <div className="product-card-text">
        {product.category && <p className="eyebrow">{product.category.name}</p>}
        <h3>
          {/* The link covers the card by its ::after, so the whole card can be clicked. */}
          <Link to={`/products/${product.id}`}>{product.name}</Link>
        </h3>
        <p className="price">{formatCents(product.price_cents, product.currency)}</p>
      </div>
    </li>
  );
}
