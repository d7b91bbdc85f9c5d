import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from '../http.ts';

/** An event on its way into the sandbox. */
export interface RuntimeEvent {
  requestId: string;
  payload: Buffer;
  headers: Record<string, string>;
}

/** What the runtime client reports, by call. */
export interface RuntimeListener {
  /** It asks for an event: the init phase, or the invocation before, is over. */
  onReady(): void;
  onInitError(body: Buffer): void;
  onResponse(requestId: string, body: Buffer, bodyBytes: number): void;
  onError(requestId: string, body: Buffer): void;
}

/** Longest response of a synchronous invocation, in bytes. */
export const RESPONSE_LIMIT = 6_291_556;

/** The Lambda Runtime API of one sandbox, on its own port of the loopback interface. */
export class RuntimeApi {
  readonly #server: Server;
  readonly #listener: RuntimeListener;
  #waiting: ServerResponse | undefined;
  #event: RuntimeEvent | undefined;

  static async start(listener: RuntimeListener): Promise<RuntimeApi> {
    const server = createServer();
    // The client's connection is idle while the handler runs, however long.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return new RuntimeApi(server, listener);
  }

  private constructor(server: Server, listener: RuntimeListener) {
    this.#server = server;
    this.#listener = listener;
    server.on('request', (message, response) => {
      this.#serve(message, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Hands over the event as soon as the client asks for one. */
  dispatch(event: RuntimeEvent): void {
    this.#event = event;
    this.#deliver();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { body, bodyBytes } = await readBody(message, RESPONSE_LIMIT);
    const [, call = '', id = ''] =
      /^\/2018-06-01\/runtime\/(?:invocation\/)?(?:([^/]+)\/)?([^/]+)$/.exec(message.url ?? '') ?? [];
    switch (`${message.method} ${id}`) {
      case 'GET next':
        this.#waiting = response;
        this.#listener.onReady();
        this.#deliver();
        return;
      case 'POST response':
        this.#listener.onResponse(decodeURIComponent(call), body, bodyBytes);
        return accept(response, bodyBytes > RESPONSE_LIMIT ? 413 : 202);
      case 'POST error':
        if (call === 'init') this.#listener.onInitError(body);
        else this.#listener.onError(decodeURIComponent(call), body);
        return accept(response, 202);
      default:
        return accept(response, 404);
    }
  }

  #deliver(): void {
    if (this.#waiting === undefined || this.#event === undefined) return;
    const { payload, headers } = this.#event;
    this.#waiting.writeHead(200, {
      'content-type': 'application/json',
      'content-length': String(payload.length),
      ...headers,
    });
    this.#waiting.end(payload);
    this.#waiting = undefined;
    this.#event = undefined;
  }
}

function accept(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"OK"}');
}
