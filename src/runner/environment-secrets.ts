/** What gives access to AWS, GitHub or a package registry, by the names that their tools give it. */
const NAMES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'INPUT_GITHUB-TOKEN',
  'GITHUB_TOKEN',
  'GH_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'ACTIONS_RUNTIME_TOKEN',
  'NODE_AUTH_TOKEN',
  'NPM_TOKEN',
];
const PROXIES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/** The secrets in the environment of the step, whether or not whoever put them there has told the runner of them. */
export function environmentSecrets(env: NodeJS.ProcessEnv): string[] {
  return [...NAMES.flatMap((name) => env[name] ?? []), ...PROXIES.flatMap((name) => passwordOf(env[name] ?? ''))];
}

/** The password in the address of a proxy, as it stands there and decoded. */
function passwordOf(address: string): string[] {
  const [, password = ''] = /^(?:[a-z]+:\/\/)?[^/@]*?:([^/]*)@/i.exec(address) ?? [];
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
