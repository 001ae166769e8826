import { Link } from "react-router";
import type { Line } from "../services/types";
import { formatCents } from "../utils/money";

interface Props {
  items: Line[];
  totalCents: number;
  currency: string;
}

/** What was ordered, with the sum below. */
export function LineTable({ items, totalCents, currency }: Props) {
  return (
    <table className="lines">
      <thead>
        <tr>
          <th scope="col">Item</th>
          <th scope="col" className="number">
            Qty
          </th>
          <th scope="col" className="number">
            Amount
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((line) => (
          <tr key={line.product_id}>
            <td>
              <Link to={`/products/${line.product_id}`}>{line.name}</Link>
              <span className="each">{formatCents(line.unit_price_cents, currency)} each</span>
            </td>
            <td className="number">{line.quantity}</td>
            <td className="number">{formatCents(line.line_total_cents, currency)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={2}>
            Total
          </th>
          <td className="number">{formatCents(totalCents, currency)}</td>
        </tr>
      </tfoot>
    </table>
  );
}
