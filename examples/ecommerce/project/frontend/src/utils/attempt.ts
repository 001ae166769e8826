/** Idempotency keys: one key for one attempt, however often it has to be sent. */

/**
 * The same body gets the same key until `settle` says that a definite answer came. So a request
 * whose answer was lost is repeated safely, and another card after a decline is a new attempt.
 */
export class Attempt {
  private body = "";
  private key = "";

  keyFor(body: unknown): string {
    const text = JSON.stringify(body);
    if (!this.key || text !== this.body) {
      this.body = text;
      this.key = newKey();
    }
    return this.key;
  }

  settle(): void {
    this.key = "";
  }
}

/** Random; made of getRandomValues, as randomUUID is missing on pages without https. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
