/** An environment variable; the fallback also stands in for an empty one. */
export function env(name: string, fallback = ''): string {
  return process.env[name] || fallback;
}
