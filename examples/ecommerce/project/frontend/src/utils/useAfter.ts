import { useEffect, useState } from "react";

/** True once `key` has stayed the same for that long; never while it is null. */
export function useAfter(milliseconds: number, key: string | null): boolean {
  const [reached, setReached] = useState<string | null>(null);
  useEffect(() => {
    if (key === null) return;
    const timer = setTimeout(() => setReached(key), milliseconds);
    return () => {
      clearTimeout(timer);
      setReached(null);
    };
  }, [milliseconds, key]);
  return key !== null && reached === key;
}
