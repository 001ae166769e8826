import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  type ReactNode,
} from "react";
import { Navigate, useLocation } from "react-router";
import { api, http } from "../services/api";
import type { User } from "../services/types";
import { Loading } from "./Feedback";

interface SessionValue {
  /** undefined while a session of this tab is being taken up again; null when there is none. */
  user: User | null | undefined;
  signIn: (email: string, password: string) => Promise<void>;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error("useSession needs a SessionProvider");
  return value;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [user, setUser] = useState<User | null | undefined>(() =>
    http.hasSession() ? undefined : null,
  );

  useEffect(() => {
    let mounted = true;
    if (http.hasSession()) {
      api.me().then(
        (me) => mounted && setUser(me),
        // Not reached, or ended. In the first case the token stays, and a reload tries again.
        () => mounted && setUser(null),
      );
    }
    const stop = http.whenEnded(() => setUser(null));
    return () => {
      mounted = false;
      stop();
    };
  }, []);

  const signIn = useCallback(async (email: string, password: string) => {
    await http.signIn(email, password);
    setUser(await api.me());
  }, []);

  const signOut = useCallback(async () => {
    await http.signOut();
    setUser(null);
  }, []);

  const value = useMemo(() => ({ user, signIn, signOut }), [user, signIn, signOut]);
  return <SessionContext value={value}>{children}</SessionContext>;
}

/** Shows its pages to those who are signed in, and sends others to sign in and back again. */
export function RequireSession({ children }: { children: ReactNode }) {
  const { user } = useSession();
  const { pathname, search } = useLocation();
  if (user === undefined) return <Loading what="your session" />;
  if (user === null) return <Navigate to="/login" state={{ from: pathname + search }} replace />;
  return children;
}
