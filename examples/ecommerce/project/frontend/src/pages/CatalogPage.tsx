import { useState, type FormEvent } from "react";
import { Link, useSearchParams } from "react-router";
import { Empty, Loading, Problem } from "../components/Feedback";
import { PageTitle } from "../components/PageTitle";
import { Pager } from "../components/Pager";
import { ProductCard } from "../components/ProductCard";
import { api } from "../services/api";
import type { Category, Page, Product } from "../services/types";
import { countOf } from "../utils/money";
import { useLive } from "../utils/useLive";

const SIZE = 12;

async function loadCategories(signal: AbortSignal): Promise<Category[]> {
  const answer = await api.categories(signal);
  return Array.isArray(answer) ? answer : answer.items;
}

/** A search goes to the search index; just looking around goes to the list of products. */
async function loadProducts(
  q: string,
  slug: string,
  page: number,
  signal: AbortSignal,
): Promise<Page<Product>> {
  if (q) return api.search({ q, category: slug, page, size: SIZE }, signal);
  if (!slug) return api.products({ page, size: SIZE }, signal);
  const category = (await loadCategories(signal)).find((one) => one.slug === slug);
  if (!category) return { items: [], total: 0, page, size: SIZE };
  return api.products({ category_id: category.id, page, size: SIZE }, signal);
}

export function CatalogPage() {
  const [params] = useSearchParams();
  const q = params.get("q")?.trim() ?? "";
  const slug = params.get("category") ?? "";
  const page = Math.max(1, Number.parseInt(params.get("page") ?? "1", 10) || 1);
  const categories = useLive("categories", loadCategories);
  const products = useLive(JSON.stringify([q, slug, page]), (signal) =>
    loadProducts(q, slug, page, signal),
  );
  const category = categories.data?.find((one) => one.slug === slug);
  const title = q ? `Results for “${q}”` : (category?.name ?? "All products");

  return (
    <div className="catalog">
      <SearchBox key={q} q={q} slug={slug} />
      <aside>
        <nav aria-label="Categories" className="categories">
          <h2>Categories</h2>
          <ul>
            <CategoryLink name="Everything" to={hrefOf(q, "", 1)} current={!slug} />
            {categories.data?.map((one) => (
              <CategoryLink
                key={one.id}
                name={one.name}
                to={hrefOf(q, one.slug, 1)}
                current={one.slug === slug}
                depth={depthOf(one, categories.data ?? [])}
              />
            ))}
          </ul>
        </nav>
      </aside>
      <section aria-label="Products">
        <PageTitle>{title}</PageTitle>
        {products.error && (
          <Problem onRetry={products.reload}>
            <strong>The products could not be loaded.</strong> {products.error.message}
          </Problem>
        )}
        {!products.data && !products.error && <Loading what="products" />}
        {products.data && (
          <>
            <p className="found" role="status">
              {countOf(products.data.total, "product")}
              {q && category && ` in ${category.name}`}
            </p>
            {products.data.items.length === 0 && (
              <Empty title="Nothing here">
                <p>No product fits. Try another word, or look through everything.</p>
                <Link to="/">Show all products</Link>
              </Empty>
            )}
            <ul className="product-grid">
              {products.data.items.map((product) => (
                <ProductCard key={product.id} product={product} />
              ))}
            </ul>
            <Pager
              page={page}
              size={SIZE}
              total={products.data.total}
              hrefOf={(other) => hrefOf(q, slug, other)}
            />
          </>
        )}
      </section>
    </div>
  );
}

function hrefOf(q: string, category: string, page: number): string {
  const params = new URLSearchParams();
  if (q) params.set("q", q);
  if (category) params.set("category", category);
  if (page > 1) params.set("page", String(page));
  return `/?${params}`;
}

function depthOf(category: Category, all: Category[]): number {
  const parent = all.find((one) => one.id === category.parent_id);
  return parent ? 1 + depthOf(parent, all) : 0;
}

function SearchBox({ q, slug }: { q: string; slug: string }) {
  const [text, setText] = useState(q);
  const [, setParams] = useSearchParams();

  function submit(event: FormEvent): void {
    event.preventDefault();
    setParams(new URLSearchParams(hrefOf(text.trim(), slug, 1).slice(2)));
  }

  return (
    <form role="search" className="search" onSubmit={submit}>
      <label htmlFor="search" className="visually-hidden">
        Search products
      </label>
      <input
        id="search"
        type="search"
        placeholder="Search products"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button button-main">
        Search
      </button>
    </form>
  );
}

interface CategoryLinkProps {
  name: string;
  to: string;
  current: boolean;
  depth?: number;
}

function CategoryLink({ name, to, current, depth = 0 }: CategoryLinkProps) {
  return (
    <li style={{ paddingInlineStart: `${depth}rem` }}>
      <Link to={to} aria-current={current ? "true" : undefined}>
        {name}
      </Link>
    </li>
  );
}
