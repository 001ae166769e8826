import { beforeEach, describe, expect, it } from "vitest";
import { fakeBackend, ok, refused } from "../utils/fakeBackend";
import { createHttp } from "./http";

const tokens = (name: string) =>
  ok({ access_token: `access-${name}`, refresh_token: `refresh-${name}` });
const bearer = (headers: Headers) => headers.get("Authorization");

/** A backend where only the newest access token is good, and a refresh token works once. */
function start() {
  const state = { good: "access-1", next: 2, refresh: "refresh-1" };
  const backend = fakeBackend({
    "POST /auth/token": () => tokens("1"),
    "POST /auth/refresh": ({ body }) => {
      if (body.refresh_token !== state.refresh) return refused(401, "Sign in again");
      const name = String(state.next++);
      state.good = `access-${name}`;
      state.refresh = `refresh-${name}`;
      return tokens(name);
    },
    "POST /auth/logout": () => ({ status: 204 }),
    "GET /users/me": ({ headers }) =>
      bearer(headers) === `Bearer ${state.good}` ? ok({ id: "u" }) : refused(401, "Sign in again"),
  });
  return { state, backend, http: createHttp(backend.fetcher, sessionStorage) };
}

beforeEach(() => sessionStorage.clear());

describe("the session", () => {
  it("keeps the refresh token in the storage and the access token out of it", async () => {
    const { http } = start();
    await http.signIn("a@example.com", "secret");
    expect(JSON.stringify({ ...sessionStorage })).toContain("refresh-1");
    expect(JSON.stringify({ ...sessionStorage })).not.toContain("access-1");
    expect(await http.request("GET", "/users/me")).toEqual({ id: "u" });
  });

  it("renews the access token once for requests that fail together", async () => {
    const { http, state, backend } = start();
    await http.signIn("a@example.com", "secret");
    state.good = "expired";
    const all = [1, 2, 3].map(() => http.request("GET", "/users/me"));
    expect(await Promise.all(all)).toEqual([{ id: "u" }, { id: "u" }, { id: "u" }]);
    expect(backend.sent("POST", "/auth/refresh")).toHaveLength(1);
  });

  it("repeats a late 401 with the token another request has fetched meanwhile", async () => {
    const { http, state, backend } = start();
    await http.signIn("a@example.com", "secret");
    let answerLate: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (answerLate = resolve));
    let first = true;
    backend.routes["GET /slow"] = async ({ headers }) => {
      if (!first) return ok(bearer(headers));
      first = false;
      await late;
      return refused(401, "Sign in again");
    };
    const slow = http.request("GET", "/slow");
    state.good = "expired";
    await http.request("GET", "/users/me");
    answerLate();
    expect(await slow).toBe("Bearer access-2");
    expect(backend.sent("POST", "/auth/refresh")).toHaveLength(1);
  });

  it("is taken up again after a reload, before the first request is sent", async () => {
    const { backend } = start();
    sessionStorage.setItem("refresh_token", "refresh-1");
    const http = createHttp(backend.fetcher, sessionStorage);
    expect(await http.request("GET", "/users/me")).toEqual({ id: "u" });
    expect(backend.calls.map((call) => call.path)).toEqual(["/auth/refresh", "/users/me"]);
  });

  it("ends when the refresh token is refused, and says so", async () => {
    const { http, state } = start();
    let ended = 0;
    http.whenEnded(() => (ended += 1));
    await http.signIn("a@example.com", "secret");
    state.good = state.refresh = "revoked";
    await expect(http.request("GET", "/users/me")).rejects.toThrow("Your session has ended");
    expect([ended, http.hasSession()]).toEqual([1, false]);
  });

  it("outlives a refresh that nobody answered", async () => {
    const { http, state, backend } = start();
    await http.signIn("a@example.com", "secret");
    state.good = "expired";
    backend.routes["POST /auth/refresh"] = () => refused(503, "Later");
    await expect(http.request("GET", "/users/me")).rejects.toMatchObject({ status: 503 });
    expect(http.hasSession()).toBe(true);
  });

  it("does not come back when one signs out during a refresh", async () => {
    const { http, state, backend } = start();
    await http.signIn("a@example.com", "secret");
    state.good = "expired";
    backend.routes["POST /auth/refresh"] = async () => {
      await http.signOut();
      return tokens("2");
    };
    await expect(http.request("GET", "/users/me")).rejects.toMatchObject({ status: 401 });
    expect(http.hasSession()).toBe(false);
  });
});

describe("errors", () => {
  it.each([
    [409, { detail: "The cart is empty" }, "The cart is empty"],
    [
      422,
      { detail: [{ loc: ["body", "postal_code"], msg: "too short" }] },
      "postal code: too short",
    ],
    [500, "not JSON of ours", "The shop has a problem at the moment"],
  ])("of status %i are put into words", async (status, body, words) => {
    const { http, backend } = start();
    backend.routes["GET /thing"] = () => ({ status, body });
    await expect(http.request("GET", "/thing")).rejects.toThrow(words);
  });

  it("of the network too, and they leave open what happened", async () => {
    const http = createHttp(() => Promise.reject(new TypeError("offline")), sessionStorage);
    const error: unknown = await http.request("GET", "/thing").catch((problem) => problem);
    expect(error).toMatchObject({ status: 0, definite: false });
    expect(String(error)).toContain("does not answer");
  });
});
