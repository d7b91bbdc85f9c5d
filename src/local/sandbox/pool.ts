import type { SandboxSpec } from './environment.ts';
import { type Invocation, type InvocationResult, Sandbox } from './sandbox.ts';

interface Idle {
  sandbox: Sandbox;
  timer: NodeJS.Timeout;
}

/** The sandboxes of a server: one per version stays warm, invocations at the same time get one each. */
export class SandboxPool {
  readonly #initMs: number;
  readonly #idleMs: number;
  readonly #idle = new Map<string, Idle>();
  readonly #all = new Set<Sandbox>();
  #closed = false;
  readonly #killAll = (): void => {
    for (const sandbox of this.#all) sandbox.kill();
  };

  /** Milliseconds: longest init phase, and how long a warm sandbox waits for its next invocation. */
  constructor({ initMs, idleMs }: { initMs: number; idleMs: number }) {
    this.#initMs = initMs;
    this.#idleMs = idleMs;
    process.on('exit', this.#killAll);
  }

  /** `key` names what may share a sandbox: one revision of one version. `code` gives the zip when one has to be started. */
  async invoke(
    key: string,
    spec: SandboxSpec,
    code: () => Promise<Buffer>,
    invocation: Invocation,
  ): Promise<InvocationResult> {
    const sandbox = this.#takeIdle(key) ?? (await this.#start(spec, await code()));
    const result = await sandbox.invoke(invocation);
    await this.#giveBack(key, sandbox);
    return result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    process.off('exit', this.#killAll);
    for (const { timer } of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all([...this.#all].map((sandbox) => this.#dispose(sandbox)));
  }

  #takeIdle(key: string): Sandbox | undefined {
    const idle = this.#idle.get(key);
    this.#idle.delete(key);
    clearTimeout(idle?.timer);
    if (idle?.sandbox.alive) return idle.sandbox;
    if (idle !== undefined) void this.#dispose(idle.sandbox);
    return undefined;
  }

  /** An init phase that takes too long is started again, and then counts as part of the invocation. */
  async #start(spec: SandboxSpec, zip: Buffer): Promise<Sandbox> {
    const first = await this.#add(spec, zip);
    if (await first.initialised(this.#initMs)) return first;
    await this.#dispose(first);
    return this.#add(spec, zip);
  }

  async #add(spec: SandboxSpec, zip: Buffer): Promise<Sandbox> {
    const sandbox = await Sandbox.start(spec, zip);
    this.#all.add(sandbox);
    if (this.#closed) {
      await this.#dispose(sandbox);
      throw new Error('the embedded AWS was closed while a sandbox was starting');
    }
    return sandbox;
  }

  async #giveBack(key: string, sandbox: Sandbox): Promise<void> {
    if (!sandbox.alive || this.#idle.has(key)) return this.#dispose(sandbox);
    const timer = setTimeout(() => {
      this.#idle.delete(key);
      void this.#dispose(sandbox);
    }, this.#idleMs).unref();
    this.#idle.set(key, { sandbox, timer });
  }

  async #dispose(sandbox: Sandbox): Promise<void> {
    this.#all.delete(sandbox);
    await sandbox.dispose();
  }
}
