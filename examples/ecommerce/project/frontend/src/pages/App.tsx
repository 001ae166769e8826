import { Route, Routes } from "react-router";
import { CartProvider } from "../components/CartContext";
import { Layout } from "../components/Layout";
import { RequireSession, SessionProvider } from "../components/Session";
import { CartPage } from "./CartPage";
import { CatalogPage } from "./CatalogPage";
import { CheckoutPage } from "./CheckoutPage";
import { LoginPage } from "./LoginPage";
import { NotFoundPage } from "./NotFoundPage";
import { OrderPage } from "./OrderPage";
import { OrdersPage } from "./OrdersPage";
import { PaymentPage } from "./PaymentPage";
import { ProductPage } from "./ProductPage";
import { RegisterPage } from "./RegisterPage";

export function App() {
  const own = (page: React.ReactNode) => <RequireSession>{page}</RequireSession>;
  return (
    <SessionProvider>
      <CartProvider>
        <Routes>
          <Route element={<Layout />}>
            <Route index element={<CatalogPage />} />
            <Route path="products/:id" element={<ProductPage />} />
            <Route path="login" element={<LoginPage />} />
            <Route path="register" element={<RegisterPage />} />
            <Route path="cart" element={own(<CartPage />)} />
            <Route path="checkout" element={own(<CheckoutPage />)} />
            <Route path="checkout/:id" element={own(<PaymentPage />)} />
            <Route path="orders" element={own(<OrdersPage />)} />
            <Route path="orders/:id" element={own(<OrderPage />)} />
            <Route path="*" element={<NotFoundPage />} />
          </Route>
        </Routes>
      </CartProvider>
    </SessionProvider>
  );
}
