// For actions that need nothing of the homeserver's store; knows nothing.
export async function noPicture(): Promise<never> {
  return await Promise.reject(new Error('no pictures here'));
}
