// Two projects: `unit` is what `npm test` runs (npm alone is enough); `e2e` needs Python for Synapse and Go for whatsmeow.
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {},
  // Jest looks a global up in the test file's own world, slowly: what the networks' libraries count with they are given by hand. A signature
  // of WhatsApp takes a tenth of the time so.
  sandboxInjectedGlobals: ['BigInt', 'Float64Array', 'Infinity', 'Math'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/tests/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/tests/e2e/'],
    },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/tests/e2e/**/*.e2e.ts'] },
  ],
  testTimeout: 30_000,
  maxWorkers: 2,
};
