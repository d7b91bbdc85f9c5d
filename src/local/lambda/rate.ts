import { AwsError } from '../aws-error.ts';

/** So many calls a second, and no more than that at once. */
class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  take(): boolean {
    const now = performance.now();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** The account's quota of the control plane: GetFunction 100 a second, everything else but Invoke 15 a second together. */
export class ControlPlaneQuota {
  readonly #reads = new TokenBucket(100);
  readonly #others = new TokenBucket(15);

  check(operation: string): void {
    if (operation === 'Invoke') return;
    const bucket = operation === 'GetFunction' ? this.#reads : this.#others;
    if (bucket.take()) return;
    throw new AwsError(429, 'TooManyRequestsException', 'Rate exceeded', {
      members: { Reason: 'CallerRateLimitExceeded' },
    });
  }
}
