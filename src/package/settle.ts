/** Waits for both also when one fails, so that nothing is left running behind the caller's back. */
export async function bothOrThrow<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
