import { Link } from "react-router";
import { PageTitle } from "../components/PageTitle";

export function NotFoundPage() {
  return (
    <>
      <PageTitle lead="The address may be mistyped, or what was here is gone.">
        Page not found
      </PageTitle>
      <Link to="/" className="button button-main">
        Back to the shop
      </Link>
    </>
  );
}
