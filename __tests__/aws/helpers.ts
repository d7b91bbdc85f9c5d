import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/clock.ts';
import type { Log } from '../../src/runner/types.ts';

/** A clock that stands still until somebody sleeps. `random` is always 0.5. */
export function manualClock(): Clock & { slept: number[] } {
  let time = 1_000_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => time,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      time += milliseconds;
    },
    random: () => 0.5,
  };
}

export function recordingLog(): Log & { lines: string[]; warnings: string[] } {
  const lines: string[] = [];
  const warnings: string[] = [];
  return {
    lines,
    warnings,
    info: (line) => void lines.push(line),
    warning: (message) => void warnings.push(message),
    debug: () => {},
  };
}

export interface TestServer {
  url: string;
  port: number;
  requests: string[];
  close(): Promise<void>;
}

/** A real HTTP server on the loopback interface. */
export async function serve(listener: http.RequestListener): Promise<TestServer> {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers as Lambda does when it refuses. */
export function refuse(response: http.ServerResponse, status: number, type: string, message: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-errortype': type,
    'x-amzn-requestid': 'request-7',
  });
  response.end(JSON.stringify({ Message: message, Type: 'User' }));
}
