import { describe, expect, it, vi } from "vitest";
import { deriveStore } from "./derive-store";
import { createStore } from "./store";

describe("deriveStore", () => {
  it("computes once for the same inputs, however often and by whomever it is asked", () => {
    const source = createStore({ context: 4096, temperature: 0.7 });
    const compute = vi.fn(([context]: readonly [number]) => context * 2);
    const doubled = deriveStore([source], () => [source.get().context] as const, compute, 0);
    expect([doubled.get(), doubled.get()]).toEqual([8192, 8192]);
    source.set({ context: 4096, temperature: 1 });
    expect(doubled.get()).toBe(8192);
    expect(compute).toHaveBeenCalledTimes(1);
    source.set({ context: 2048, temperature: 1 });
    expect(doubled.get()).toBe(4096);
  });

  it("wakes its sources for as long as somebody listens", () => {
    const sleep = vi.fn();
    const wake = vi.fn(() => sleep);
    const source = createStore(1, wake);
    const derived = deriveStore(
      [source],
      () => [source.get()] as const,
      ([value]) => value,
      0,
    );
    const end = derived.subscribe(() => {});
    const endOther = derived.subscribe(() => {});
    expect(wake).toHaveBeenCalledTimes(1);
    end();
    expect(sleep).not.toHaveBeenCalled();
    endOther();
    expect(sleep).toHaveBeenCalledTimes(1);
  });

  it("wakes a source once for a listener that comes to it on two ways, until it has left on both", () => {
    const sleep = vi.fn();
    const wake = vi.fn(() => sleep);
    const source = createStore(1, wake);
    const derive = (from: Parameters<typeof deriveStore>[0]) => deriveStore(from, () => [], Number, 0);
    const listener = vi.fn();
    const end = derive([source, derive([source])]).subscribe(listener);
    expect(wake).toHaveBeenCalledTimes(1);
    source.set(2);
    expect(listener).toHaveBeenCalledTimes(1);
    const endOwn = source.subscribe(listener);
    end();
    end();
    expect(sleep).not.toHaveBeenCalled();
    source.set(3);
    expect(listener).toHaveBeenCalledTimes(2);
    endOwn();
    expect(sleep).toHaveBeenCalledTimes(1);
  });
});
