import { expect, it } from 'vitest';
import { environmentSecrets } from '../../src/runner/environment-secrets.ts';
import { createRunner } from '../../src/runner/index.ts';

const ENV = {
  AWS_ACCESS_KEY_ID: 'ASIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  AWS_SESSION_TOKEN: 'IQoJb3JpZ2luX2VjEXAMPLE+/==',
  'INPUT_GITHUB-TOKEN': 'ghs_16C7e42F292c6912E7710c838347Ae178B4a',
  https_proxy: 'http://robot:p%40ss-w0rd@proxy.example:3128',
};

it('gives credentials, tokens and the passwords of proxies', () => {
  expect(environmentSecrets({ ...ENV, PATH: '/usr/bin', AWS_REGION: 'eu-central-1' })).toEqual([
    'ASIAIOSFODNN7EXAMPLE',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'IQoJb3JpZ2luX2VjEXAMPLE+/==',
    'ghs_16C7e42F292c6912E7710c838347Ae178B4a',
    'p%40ss-w0rd',
    'p@ss-w0rd',
  ]);
});

it.each([
  ['http://proxy.example:3128', []],
  ['proxy.example:3128', []],
  ['robot@proxy.example', []],
  ['robot:100%@proxy.example', ['100%']],
])('of the proxy %s it gives %j', (address, expected) => {
  expect(environmentSecrets({ HTTP_PROXY: address })).toEqual(expected);
});

it('a new runner has them masked', async () => {
  const written: string[] = [];
  const runner = await createRunner(ENV, { write: (text) => written.push(text) });
  runner.info(Object.values(ENV).join(' '));
  expect(written.join('')).toBe('*** *** *** *** http://robot:***@proxy.example:3128\n');
});
