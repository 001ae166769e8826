import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  type ReactNode,
} from "react";
import { api } from "../services/api";
import type { Cart } from "../services/types";
import { useSession } from "./Session";

interface CartValue {
  /** undefined until the cart is known. */
  cart: Cart | undefined;
  error: Error | undefined;
  add: (productId: string, quantity: number) => Promise<void>;
  setQuantity: (productId: string, quantity: number) => Promise<void>;
  reload: () => Promise<Cart | undefined>;
}

const CartContext = createContext<CartValue | null>(null);

export function useCart(): CartValue {
  const value = useContext(CartContext);
  if (!value) throw new Error("useCart needs a CartProvider");
  return value;
}

/** One cart for the header's number, the product pages and the cart page. */
export function CartProvider({ children }: { children: ReactNode }) {
  const { user } = useSession();
  const userId = user?.id;
  const [cart, setCart] = useState<Cart>();
  const [error, setError] = useState<Error>();

  const reload = useCallback(async () => {
    try {
      const fresh = await api.cart();
      setCart(fresh);
      setError(undefined);
      return fresh;
    } catch (problem) {
      setError(problem as Error);
      return undefined;
    }
  }, []);

  useEffect(() => {
    setCart(undefined);
    setError(undefined);
    if (userId) void reload();
  }, [userId, reload]);

  const add = useCallback(async (productId: string, quantity: number) => {
    setCart(await api.addToCart(productId, quantity));
  }, []);

  const setQuantity = useCallback(async (productId: string, quantity: number) => {
    setCart(await api.setQuantity(productId, quantity));
  }, []);

  const value = useMemo(
    () => ({ cart, error, add, setQuantity, reload }),
    [cart, error, add, setQuantity, reload],
  );
  return <CartContext value={value}>{children}</CartContext>;
}
