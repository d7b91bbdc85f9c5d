import type { Agent, ClientRequest, IncomingMessage } from 'node:http';

export interface ChannelRequest {
  method: 'GET' | 'PUT';
  /** Presigned. */
  url: string;
  headers?: Record<string, string>;
  /** JSON. */
  body?: string;
  /** Milliseconds until it is given up. */
  limitMs: number;
  /** Does not keep the process alive: an attempt that waits for nothing else has to be noticed. */
  background?: boolean;
}

export interface Answer {
  status: number;
  body: string;
  /** Milliseconds since the epoch by the server's clock, in whole seconds; NaN when it does not say. */
  serverNow: number;
}

/** Bytes of an answer that are read; claims, cancels and errors are far smaller. */
const ANSWER_BYTES = 64 * 1024;

type Send = (
  url: string,
  options: { method: string; headers: Record<string, string>; agent: Agent },
  callback: (response: IncomingMessage) => void,
) => ClientRequest;

/** Requests over connections of one attempt's own: those of an earlier attempt may have died while the sandbox was frozen. */
export class Transport {
  private readonly request: Send;
  private readonly agent: Agent;

  private constructor(request: Send, agent: Agent) {
    this.request = request;
    this.agent = agent;
  }

  /** Loads what speaks the protocol of `url`. */
  static async load(url: string): Promise<Transport> {
    const { request, Agent } = url.startsWith('http:') ? await import('node:http') : await import('node:https');
    return new Transport(request as Send, new Agent({ keepAlive: true }));
  }

  /** Ends everything that is under way. What is sent afterwards goes over a new connection. */
  disconnect(): void {
    this.agent.destroy();
  }

  /** Whatever is answered; rejects when nothing is. */
  send({ method, url, headers = {}, body, limitMs, background = false }: ChannelRequest): Promise<Answer> {
    const { request: send, agent } = this;
    const contents = body === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers: { ...contents, ...headers }, agent }, (response) => {
        read(response).then(resolve, reject);
      });
      const timer = setTimeout(() => request.destroy(tooLate(request)), limitMs);
      request.on('close', () => clearTimeout(timer));
      request.on('error', reject);
      if (background) {
        timer.unref();
        unrefSocket(request);
      }
      request.end(body);
    });
  }
}

/** True when the same request may succeed a moment later. */
export function isPassing({ status }: Answer): boolean {
  return status === 409 || status === 429 || status >= 500;
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) {
      throw new Error(`the answer has more than ${ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const serverNow = Date.parse(response.headers.date ?? '');
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), serverNow };
}

function tooLate({ socket }: ClientRequest): Error {
  return new Error(socket === null || socket.connecting ? 'no connection in time' : 'no answer in time');
}

/** Again once it is connected: with several addresses to try, each one has a handle of its own. */
function unrefSocket(request: ClientRequest): void {
  request.on('socket', (socket) => {
    socket.unref();
    if (socket.connecting) {
      socket.once('connect', () => socket.unref());
    }
  });
}
