import type { ChannelAddress, SerializedError } from '../protocol.ts';
import type { Claim } from './claim.ts';

/** Why an attempt must not run in view of what became of its channel, or undefined when it may. */
export function refusalOf(
  { state, at }: Claim,
  { deadline, required }: ChannelAddress,
  remainingMs: number,
): SerializedError | undefined {
  if (state.state === 'claimed') {
    const message = 'another execution of the function has claimed this attempt: this one ran nothing';
    return { name: 'AttemptClaimed', message };
  }
  if (state.state === 'unreachable' && required) {
    return { name: 'ChannelUnreachable', message: unreachable(state.reason) };
  }
  if (at + remainingMs > Date.parse(deadline)) {
    const message = `the attempt came too late: it could run for ${Math.round(remainingMs / 1000)} s more, and at ${deadline} another deployment may begin. It ran nothing`;
    return { name: 'AttemptTooLate', message };
  }
  return undefined;
}

function unreachable(reason: string): string {
  const region = process.env.AWS_REGION ?? '<region>';
  return (
    `the attempt could not be claimed in S3 (${reason}), and with \`channel: required\` nothing runs without a claim. ` +
    `A function in a VPC needs the gateway endpoint com.amazonaws.${region}.s3 in the route tables of its subnets, or a NAT ` +
    'gateway; a refusal (403) comes from the policy of the bucket or of the endpoint, or from credentials that have expired.'
  );
}
