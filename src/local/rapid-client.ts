/**
 * Stands in for the native part of AWS's runtime interface client inside a sandbox: the three calls of the Lambda
 * Runtime API. Bundled into the client at build time; runs in the task's process, so it uses nothing but Node.
 */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

/** One connection: an answer is always delivered before the next event is asked for. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The answer that is on its way. */
let posting: Promise<void> = Promise.resolve();

endWithHost();

export const rapidClient = {
  async next(): Promise<{ bodyJson: string; headers: IncomingHttpHeaders }> {
    await posting;
    const response = await call('GET', 'next');
    return { bodyJson: await text(response), headers: response.headers };
  },
  done(id: string, body: string): void {
    posting = post(`${id}/response`, body);
  },
  error(id: string, body: string): void {
    posting = post(`${id}/error`, body);
  },
};

async function post(path: string, body: string): Promise<void> {
  await text(await call('POST', path, body));
}

function call(method: string, path: string, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(`${api}/${path}`, { method, agent, headers: { 'content-type': 'application/json' } }, resolve)
      .on('error', reject)
      .end(body);
  });
}

async function text(response: IncomingMessage): Promise<string> {
  let whole = '';
  for await (const chunk of response.setEncoding('utf8')) whole += chunk;
  return whole;
}

/** The sandbox's host holds the other end of descriptor 3: when it is gone, however it ended, so is this process group. */
function endWithHost(): void {
  new Socket({ fd: 3 })
    .on('error', () => {})
    .on('close', () => process.kill(-process.pid, 'SIGKILL'))
    .unref()
    .resume();
}
