import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Claim, claimAttempt } from '../../../src/runtime/channel/claim.ts';
import { Transport } from '../../../src/runtime/channel/transport.ts';

/** Far from the clock of this machine. */
const THERE = 'Tue, 01 Feb 2022 10:00:00 GMT';

/** Answers with the status, at the time and with what has been stored; undefined: not at all. */
type Reply = { status: number; date?: string } | undefined;

/** Claims from a server that stores every claim and answers as told. */
async function claimFrom(replies: { PUT: Reply; GET?: Reply }): Promise<Claim> {
  let stored = '';
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'PUT') stored = await text(request);
    const reply = replies[request.method as 'PUT' | 'GET'];
    if (reply === undefined) {
      request.socket.destroy();
      return;
    }
    response.sendDate = false;
    response.writeHead(reply.status, reply.date === undefined ? {} : { date: reply.date }).end(stored);
  };
  const server = createServer((request, response) => void respond(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const transport = await Transport.load(url);
  const urls = { claim: url, claimed: url, status: url, cancel: url, result: url };
  const address = { nonce: 'nonce', deadline: new Date().toISOString(), required: false, urls };
  try {
    return await claimAttempt({ address, execution: 'execution', transport }, 1000);
  } finally {
    transport.disconnect();
    server.close();
  }
}

const at = (status: number): Reply => ({ status, date: THERE });

test.each<[string, { PUT: Reply; GET?: Reply }, Claim['state']['state']]>([
  ['the answer to the claim', { PUT: at(200) }, 'open'],
  ['the look after a refused one', { PUT: { status: 412 }, GET: at(200) }, 'open'],
  ['the look after one that had no answer', { PUT: undefined, GET: at(200) }, 'open'],
  ['the look that shows none', { PUT: undefined, GET: at(404) }, 'unreachable'],
  ['a refusal', { PUT: at(403) }, 'unreachable'],
])("S3's time comes from %s", async (_, replies, state) => {
  expect(await claimFrom(replies)).toMatchObject({ state: { state }, at: Date.parse(THERE) });
});

test.each<[string, { PUT: Reply; GET?: Reply }]>([
  ['says no time', { PUT: { status: 200 } }],
  ['says nothing', { PUT: undefined }],
])("the machine's own time counts when S3 %s", async (_, replies) => {
  const before = Date.now();
  const claim = await claimFrom(replies);
  expect(claim.at).toBeGreaterThanOrEqual(before);
  expect(claim.at).toBeLessThanOrEqual(Date.now());
});
