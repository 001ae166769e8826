import { useEffect, useRef } from "react";
import { useNavigationType } from "react-router";

let firstPage = true;

/**
 * The page's heading, and the document's title. After a change of page it takes the focus, so that
 * keyboard and screen reader start at the new page and not where the old link was.
 */
export function PageTitle({ children, lead }: { children: string; lead?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const kind = useNavigationType();

  useEffect(() => {
    // Typing in the search box replaces the address; that must not take the focus away.
    if (!firstPage && kind !== "REPLACE") heading.current?.focus();
    firstPage = false;
  }, [kind]);

  return (
    <header className="page-title">
      <title>{`${children} · Fernway`}</title>
      <h1 ref={heading} tabIndex={-1}>
        {children}
      </h1>
      {lead && <p>{lead}</p>}
    </header>
  );
}
