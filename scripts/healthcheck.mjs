// The image's health check: asks the health listener whether the process lives; dependency-free.
const port = process.env.PASSERELLE_HEALTH__PORT || '9010';
try {
  const answer = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4000) });
  process.exitCode = answer.ok ? 0 : 1;
} catch {
  // Nobody listens there: the process is starting, hanging or gone.
  process.exitCode = 1;
}
