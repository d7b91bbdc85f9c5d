import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GitFixture } from './git-fixture.ts';

/** A small GitHub over real HTTP: tags, pages and comparisons of one real git repository. */
export class GitHubFixture {
  readonly requests: string[] = [];
  readonly authorizations = new Set<string | undefined>();
  /** Answers instead of the API, when set. */
  override: ((response: ServerResponse, url: URL) => boolean) | undefined;
  pageSize = 100;
  readonly #git: GitFixture;
  readonly #server: Server;

  private constructor(git: GitFixture) {
    this.#git = git;
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '', this.apiUrl);
      this.requests.push(decodeURIComponent(url.pathname));
      this.authorizations.add(request.headers.authorization);
      if (!this.override?.(response, url)) this.#answer(response, url);
    });
  }

  static async start(git: GitFixture): Promise<GitHubFixture> {
    const fixture = new GitHubFixture(git);
    await new Promise<void>((resolve) => fixture.#server.listen(0, '127.0.0.1', resolve));
    return fixture;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get access() {
    return { token: 'secret-token', repository: 'acme/shop', apiUrl: this.apiUrl };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(response: ServerResponse, url: URL): void {
    const path = decodeURIComponent(url.pathname);
    const matching = /^\/repos\/acme\/shop\/git\/matching-refs\/(tags(?:\/.*)?)$/.exec(path)?.[1];
    const [, base = '', head = ''] = /^\/repos\/acme\/shop\/compare\/(.+)\.\.\.(.+)$/.exec(path) ?? [];
    if (matching !== undefined) this.#refs(response, url, `refs/${matching}`);
    else if (base !== '') this.#comparison(response, base, head);
    else send(response, 404, { message: 'Not Found' });
  }

  #refs(response: ServerResponse, url: URL, prefix: string): void {
    const all = this.#git.git('for-each-ref', '--format=%(refname) %(objectname) %(objecttype)', 'refs/tags');
    const refs = all
      .split('\n')
      .filter((line) => line !== '' && line.startsWith(prefix))
      .map((line) => line.split(' '))
      .map(([ref, sha, type]) => ({ ref, object: { sha, type } }));
    const page = Number(url.searchParams.get('page') ?? 1);
    if (refs.length > page * this.pageSize) {
      const next = new URL(url);
      next.searchParams.set('page', String(page + 1));
      response.setHeader('link', `<${next.href}>; rel="next", <${url.href}>; rel="first"`);
    }
    send(response, 200, refs.slice((page - 1) * this.pageSize, page * this.pageSize));
  }

  #comparison(response: ServerResponse, base: string, head: string): void {
    try {
      send(response, 200, this.#compare(base, head));
    } catch {
      send(response, 404, { message: 'Not Found' }); // git does not know one of them
    }
  }

  #compare(base: string, head: string): { status: string } {
    const from = this.#git.git('rev-parse', `${base}^{commit}`);
    const to = this.#git.git('rev-parse', `${head}^{commit}`);
    if (from === to) return { status: 'identical' };
    const common = this.#git.git('merge-base', from, to);
    if (common === from) return { status: 'ahead' };
    return { status: common === to ? 'behind' : 'diverged' };
  }
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
