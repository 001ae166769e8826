import { useEffect, useRef } from "react";

let firstPage = true;

/**
 * The page's heading, and the document's title. After a change of page, or of what it is about, it takes the focus, so that
 * keyboard and screen reader start at the new page and not where the old link was.
 */
export function PageTitle({ children, lead }: { children: string; lead?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    if (!firstPage) heading.current?.focus();
    firstPage = false;
  }, [children]);

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
