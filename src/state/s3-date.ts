import type { S3Client } from '@aws-sdk/client-s3';

const MIDDLEWARE = 'lumoServerDate';

/** The SDK keeps no header of a response; this one is the server's clock, which locks are measured by. */
export function rememberServerDate(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const date = dateHeader(result.response);
      if (date !== undefined) Object.assign(result.output?.$metadata ?? {}, { [MIDDLEWARE]: Date.parse(date) });
      return result;
    },
    { step: 'deserialize', priority: 'high', name: MIDDLEWARE, override: true },
  );
}

/** Milliseconds since the epoch; undefined when the server sent no `Date`. */
export function serverDateOf(output: { $metadata: object }): number | undefined {
  const date = (output.$metadata as { [MIDDLEWARE]?: number })[MIDDLEWARE];
  return date !== undefined && Number.isFinite(date) ? date : undefined;
}

function dateHeader(response: unknown): string | undefined {
  return (response as { headers?: Record<string, string> } | undefined)?.headers?.date;
}
