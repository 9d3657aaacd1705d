/** iptables' tables, whichever of the kernel's packet filters has them. */
import type { Table } from '../table.ts'

const TABLES: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}

/** Every table with its own chains, and tracing in front of everything: the machine is one where all were used before. */
export function complete(tables: readonly Table[]): Table[] {
  return Object.entries(TABLES).map(([name, builtIn]) => {
    const chains = tables.find((table) => table.name === name)?.chains ?? []
    const all = builtIn.map(
      (chain) => chains.find((one) => one.name === chain) ?? { name: chain, policy: 'ACCEPT' as const, rules: [] },
    )
    const traced = all.map((chain) =>
      name === 'raw' && chain.rules[0] !== '-j TRACE' ? { ...chain, rules: ['-j TRACE', ...chain.rules] } : chain,
    )
    return { name, chains: [...traced, ...chains.filter((chain) => !builtIn.includes(chain.name))] }
  })
}
