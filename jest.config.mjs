// Two projects: `unit` is what `npm test` runs (npm alone is enough); `e2e` needs Python for Synapse and Go for whatsmeow.
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {},
  // Looked up in a test's own world, each is slow: the Signal library multiplies with `Math.floor`, and signs ten times faster with this.
  sandboxInjectedGlobals: ['Math'],
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
