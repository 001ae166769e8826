import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";
import { http } from "../services/api";

// Tests wait for conditions; a busy machine may take its time to meet them.
configure({ asyncUtilTimeout: 5000 });

// jsdom lays nothing out, so it has nowhere to scroll to.
window.scrollTo = () => undefined;

// Tests share one page and one client: leave neither a document nor a session behind.
afterEach(() => {
  cleanup();
  http.forget();
});
