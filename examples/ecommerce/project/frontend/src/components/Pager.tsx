import { Link } from "react-router";

interface Props {
  page: number;
  size: number;
  total: number;
  hrefOf: (page: number) => string;
}

export function Pager({ page, size, total, hrefOf }: Props) {
  const last = Math.max(1, Math.ceil(total / size));
  if (last === 1) return null;
  return (
    <nav className="pager" aria-label="Pages">
      {page > 1 ? (
        <Link className="button button-quiet" to={hrefOf(page - 1)} rel="prev">
          ← Previous
        </Link>
      ) : (
        <span />
      )}
      <span aria-current="page">
        Page {page} of {last}
      </span>
      {page < last ? (
        <Link className="button button-quiet" to={hrefOf(page + 1)} rel="next">
          Next →
        </Link>
      ) : (
        <span />
      )}
    </nav>
  );
}
