/** Where the development server sends `/api/...`: the same split as the gateway makes. */

interface ProxyRule {
  target: string;
  changeOrigin: boolean;
  rewrite?: (path: string) => string;
}

const SERVICES = [
  { variable: "USERS_URL", port: 8001, segments: ["auth", "users", "profiles"] },
  { variable: "CATALOG_URL", port: 8002, segments: ["products", "categories", "search"] },
  { variable: "CART_URL", port: 8003, segments: ["cart"] },
  { variable: "PAYMENTS_URL", port: 8004, segments: ["payments", "transactions"] },
  { variable: "ORDERS_URL", port: 8005, segments: ["orders", "order-status"] },
  { variable: "INVENTORY_URL", port: 8006, segments: ["inventory", "stock"] },
];

/**
 * With GATEWAY_URL everything goes there as it is, for the gateway strips `/api` itself.
 * Without it each service is called on its own, and the prefix is stripped here.
 */
export function apiProxy(env: Record<string, string | undefined>): Record<string, ProxyRule> {
  if (env.GATEWAY_URL) return { "^/api/": { target: env.GATEWAY_URL, changeOrigin: true } };
  return Object.fromEntries(
    SERVICES.map(({ variable, port, segments }) => [
      // Vite takes a key that starts with ^ for a regular expression over path and query.
      `^/api/(${segments.join("|")})(/|\\?|$)`,
      {
        target: env[variable] || `http://127.0.0.1:${port}`,
        changeOrigin: true,
        rewrite: (path: string) => path.replace(/^\/api/, ""),
      },
    ]),
  );
}
