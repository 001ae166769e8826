import { act, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useLive } from "./useLive";

afterEach(() => void vi.useRealTimers());

it("loads again as often as the data asks for it, then stops", async () => {
  vi.useFakeTimers();
  const load = vi.fn(async () => load.mock.calls.length);
  const { result } = renderHook(() => useLive("key", load, (count) => (count < 3 ? 500 : null)));
  await act(() => vi.advanceTimersByTimeAsync(499));
  expect(result.current.data).toBe(1);
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  expect(result.current.data).toBe(3);
  expect(load).toHaveBeenCalledTimes(3);
});

it("keeps the data through a failed reload, and recovers", async () => {
  vi.useFakeTimers();
  const load = vi.fn(async () => {
    if (load.mock.calls.length === 2) throw new Error("gone");
    return load.mock.calls.length;
  });
  const { result } = renderHook(() => useLive("key", load, (count) => (count < 3 ? 500 : null)));
  await act(() => vi.advanceTimersByTimeAsync(600));
  expect(result.current.data).toBe(1);
  expect(result.current.error?.message).toBe("gone");
  await act(() => vi.advanceTimersByTimeAsync(5000));
  expect(result.current).toMatchObject({ data: 3, error: undefined });
});

it("forgets the old data when the key changes, and aborts its load", async () => {
  const signals: AbortSignal[] = [];
  const load = (signal: AbortSignal) => {
    signals.push(signal);
    return Promise.resolve(`load ${signals.length}`);
  };
  const { result, rerender } = renderHook(({ key }) => useLive(key, load), {
    initialProps: { key: "a" },
  });
  await waitFor(() => expect(result.current.data).toBe("load 1"));
  rerender({ key: "b" });
  expect(result.current.data).toBeUndefined();
  await waitFor(() => expect(result.current.data).toBe("load 2"));
  expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
});

it("says what went wrong the first time and waits to be asked again", async () => {
  const load = vi.fn().mockRejectedValueOnce(new Error("down")).mockResolvedValue("up");
  const { result } = renderHook(() => useLive("key", load));
  await waitFor(() => expect(result.current.error?.message).toBe("down"));
  act(() => result.current.reload());
  await waitFor(() => expect(result.current.data).toBe("up"));
});
