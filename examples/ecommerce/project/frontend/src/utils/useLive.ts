import { useCallback, useEffect, useRef, useState } from "react";

const RETRY_MS = 3000;

interface State<T> {
  key: string;
  data?: T;
  error?: Error;
}

export interface Live<T> {
  data?: T;
  error?: Error;
  reload: () => void;
}

/**
 * Loads what `key` names, and again after as many milliseconds as `nextIn` says of the data (null:
 * no more). A failed reload keeps the data on show and is tried again; a new key or the component's
 * end aborts what is under way.
 */
export function useLive<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  nextIn: (data: T) => number | null = () => null,
): Live<T> {
  const [state, setState] = useState<State<T>>({ key: "" });
  const [round, setRound] = useState(0);
  const latest = useRef({ load, nextIn });

  useEffect(() => {
    latest.current = { load, nextIn };
  });

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let loaded = false;

    async function run(): Promise<void> {
      let wait: number | null;
      try {
        const data = await latest.current.load(stop.signal);
        if (stop.signal.aborted) return;
        loaded = true;
        setState({ key, data });
        wait = latest.current.nextIn(data);
      } catch (error) {
        if (stop.signal.aborted) return;
        setState((old) => ({
          key,
          data: old.key === key ? old.data : undefined,
          error: error instanceof Error ? error : new Error(String(error)),
        }));
        wait = loaded ? RETRY_MS : null;
      }
      if (wait !== null) timer = setTimeout(() => void run(), wait);
    }

    void run();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, round]);

  const reload = useCallback(() => setRound((value) => value + 1), []);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    reload,
  };
}
