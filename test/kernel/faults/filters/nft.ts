/** nftables, whose trace `nft monitor trace` prints. */
import { nftTrace } from '../../../../src/read/captures/nft-trace/format.ts'
import { NFT_KINDS } from '../kinds/nft/index.ts'
import type { Table } from '../table.ts'
import type { Filter } from './filter.ts'
import { listed, met, SYNC, trace, watch } from './monitor.ts'

/** As whoever wants to see a trace writes it: a table of its own in front of all others. */
const TRACING = `table inet tracing {
  chain prerouting { type filter hook prerouting priority -350; policy accept; meta nftrace set 1; }
  chain output { type filter hook output priority -350; policy accept; meta nftrace set 1; }
}
`

export const nft: Filter = {
  name: 'nft',
  kinds: NFT_KINDS,
  isLogged: false,
  format: nftTrace,
  typed: (command) => command,
  prepare: watch,
  complete: (tables) => [...tables],
  async clear(lab) {
    await lab.must(['nft', 'flush', 'ruleset'])
  },
  async load(lab, tables) {
    await lab.must(['nft', '-f', '-'], `${SYNC}${TRACING}${printTables(tables)}`)
  },
  async replace(lab, tables) {
    await lab.must(['nft', '-f', '-'], `flush ruleset\n${SYNC}${TRACING}${printTables(tables)}`)
  },
  trace,
  state: async (lab) => ({ 'ruleset.nft': await listed(lab) }),
  met: ({ tables }, saved, exchange) => met(tables, saved['ruleset.nft']!, exchange),
}

const printTables = (tables: readonly Table[]): string =>
  tables
    .map(({ name, sets = [], chains }) =>
      [
        `table ${name} {`,
        ...sets.map(
          ({ kind, name: set, define, elements }) =>
            `  ${kind} ${set} { ${define}${elements.length > 0 ? ` elements = { ${elements.join(', ')} }` : ''} }`,
        ),
        // chains may lead to others in any order
        ...chains.map((chain) => {
          const base =
            chain.base === undefined ? '' : `${chain.base}; policy ${(chain.policy ?? 'ACCEPT').toLowerCase()};`
          return `  chain ${chain.name} { ${base}\n${chain.rules.map((rule) => `    ${rule}\n`).join('')}  }`
        }),
        '}\n',
      ].join('\n'),
    )
    .join('')
