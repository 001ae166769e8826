import { useState } from "react";
import type { Product } from "../services/types";

/** The first image; without one, or when it does not load, the name's initial on a colour of its own. */
export function ProductImage({ product }: { product: Pick<Product, "id" | "name" | "images"> }) {
  const [broken, setBroken] = useState(false);
  const image = product.images[0];
  if (image && !broken) {
    return (
      <img
        className="product-image"
        src={image.url}
        alt={product.name}
        loading="lazy"
        onError={() => setBroken(true)}
      />
    );
  }
  const hue = [...product.id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return (
    <div
      className="product-image product-initial"
      style={{ backgroundColor: `hsl(${hue} 32% 88%)`, color: `hsl(${hue} 40% 32%)` }}
      aria-hidden="true"
    >
      {product.name.slice(0, 1).toUpperCase()}
    </div>
  );
}
