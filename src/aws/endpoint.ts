/**
 * Whether S3 is some other server: those rarely have a host name for every bucket, and some ignore conditions.
 */
export function hasOwnS3Endpoint(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') return false;
  return Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL);
}
