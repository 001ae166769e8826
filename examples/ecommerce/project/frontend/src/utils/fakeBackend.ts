import { vi } from "vitest";

export interface Call {
  method: string;
  /** Below /api, with the query. */
  path: string;
  headers: Headers;
  body: any;
}

type Answer = { status: number; body?: unknown };
type Route = (call: Call) => Answer | Promise<Answer>;

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const refused = (status: number, detail: unknown): Answer => ({ status, body: { detail } });

/** For tests: stands in for `fetch`. Routes are `"GET /cart"`, without the query. */
export function fakeBackend(routes: Record<string, Route>) {
  const calls: Call[] = [];
  const fetcher = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const path = String(input).replace(/^\/api/, "");
    const text = init.body ? String(init.body) : "";
    const headers = new Headers(init.headers);
    const json = headers.get("Content-Type") === "application/json";
    const call = { method: init.method ?? "GET", path, headers, body: json && JSON.parse(text) };
    calls.push(call);
    const route = routes[`${call.method} ${path.split("?")[0]}`];
    const answer = route ? await route(call) : refused(404, `No route for ${path}`);
    const body = answer.body === undefined ? null : JSON.stringify(answer.body);
    return new Response(body, { status: answer.status });
  };
  vi.stubGlobal("fetch", fetcher);
  const sent = (method: string, path: string) =>
    calls.filter((call) => call.method === method && call.path.split("?")[0] === path);
  return { calls, sent, fetcher, routes };
}
