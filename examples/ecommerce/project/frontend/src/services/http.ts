/** The HTTP client: carries the access token, renews it once on a 401, turns errors into words. */

import type { Tokens } from "./types";

const REFRESH_KEY = "refresh_token";

/** An answer that is not a success, or (status 0) no answer at all. The message is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** False when the request may or may not have been carried out. */
  get definite(): boolean {
    return this.status >= 400 && this.status < 500;
  }
}

export interface RequestOptions {
  body?: unknown;
  form?: Record<string, string>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Sent without a token, and a 401 is simply the answer. */
  anonymous?: boolean;
}

export function createHttp(fetcher: typeof fetch, storage: Storage) {
  // The access token lives in memory only: a script that reads the storage finds no live key.
  let access: string | null = null;
  let renewal: Promise<void> | null = null;
  const onEnd = new Set<() => void>();

  function keep(tokens: Tokens): void {
    access = tokens.access_token;
    storage.setItem(REFRESH_KEY, tokens.refresh_token);
  }

  function forget(): void {
    access = null;
    renewal = null;
    storage.removeItem(REFRESH_KEY);
  }

  async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
    const headers = new Headers(options.headers);
    if (!options.anonymous && access) headers.set("Authorization", `Bearer ${access}`);
    let body: BodyInit | undefined;
    if (options.form) body = new URLSearchParams(options.form);
    else if (options.body !== undefined) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(options.body);
    }
    try {
      return await fetcher(`/api${path}`, { method, headers, body, signal: options.signal });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError(0, "The shop does not answer. Check your connection and try again.");
    }
  }

  async function renew(): Promise<void> {
    const token = storage.getItem(REFRESH_KEY);
    if (!token) throw new ApiError(401, "Sign in to continue.");
    const response = await send("POST", "/auth/refresh", {
      body: { refresh_token: token },
      anonymous: true,
    });
    // Whoever signed out, or in as somebody else, while we waited does not get this session back.
    if (storage.getItem(REFRESH_KEY) !== token) throw new ApiError(401, "Sign in to continue.");
    if (response.ok) return keep((await response.json()) as Tokens);
    const error = await errorOf(response);
    if (!error.definite) throw error;
    forget();
    onEnd.forEach((listener) => listener());
    throw new ApiError(401, "Your session has ended. Sign in again.");
  }

  /** All who need a new token at once wait for the same one: a refresh token works only once. */
  function renewOnce(): Promise<void> {
    if (!renewal) {
      const mine = renew().finally(() => {
        if (renewal === mine) renewal = null;
      });
      renewal = mine;
    }
    return renewal;
  }

  async function request<T>(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<T> {
    if (!options.anonymous && !access && storage.getItem(REFRESH_KEY)) await renewOnce();
    const used = access;
    let response = await send(method, path, options);
    if (response.status === 401 && !options.anonymous && storage.getItem(REFRESH_KEY)) {
      // Another request may have renewed the token while this one was on its way.
      if (access === used) await renewOnce();
      response = await send(method, path, options);
    }
    if (!response.ok) throw await errorOf(response);
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  async function signIn(email: string, password: string): Promise<void> {
    const form = { username: email, password };
    keep(await request<Tokens>("POST", "/auth/token", { form, anonymous: true }));
  }

  /** Ends the session here at once; that the server could not be told changes nothing here. */
  async function signOut(): Promise<void> {
    const token = storage.getItem(REFRESH_KEY);
    forget();
    if (!token) return;
    const options = { body: { refresh_token: token }, anonymous: true };
    await request("POST", "/auth/logout", options).catch(() => undefined);
  }

  function whenEnded(listener: () => void): () => void {
    onEnd.add(listener);
    return () => onEnd.delete(listener);
  }

  const hasSession = () => storage.getItem(REFRESH_KEY) !== null;

  return { request, signIn, signOut, forget, hasSession, whenEnded };
}

/** FastAPI's `detail` is a sentence, or for a 422 a list with a place and a message each. */
async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const detail = body && typeof body === "object" && "detail" in body ? body.detail : null;
  if (typeof detail === "string") return new ApiError(response.status, detail);
  if (Array.isArray(detail)) {
    const words = detail.map(({ loc, msg }: { loc: (string | number)[]; msg: string }) => {
      const place = loc.filter((part) => part !== "body").join(" ");
      return place ? `${place.replaceAll("_", " ")}: ${msg}` : msg;
    });
    return new ApiError(response.status, words.join("; "));
  }
  const words =
    response.status >= 500
      ? "The shop has a problem at the moment. Try again in a little while."
      : `The shop refused the request (${response.status}).`;
  return new ApiError(response.status, words);
}
