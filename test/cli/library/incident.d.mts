export function explainIncident(
  nfwhy: Pick<typeof import('../../../src/index.ts'), 'fixCommands' | 'open' | 'printReport'>,
  files: readonly import('../../../src/index.ts').Input[],
): Promise<{ all: string[]; fix: string; after: string[]; markdown: string }>
