/** iptables-nft: rules in iptables' words, which nf_tables has; `nft monitor trace` prints what they do. */
import { IPTABLES_HOOKS } from '../../../../src/model/hook.ts'
import { nftTrace } from '../../../../src/read/captures/nft-trace/format.ts'
import { printRuleset } from '../../generate/ruleset.ts'
import { nft as tools } from '../../lab/backend.ts'
import type { Lab } from '../../lab/lab.ts'
import { KINDS } from '../kinds/index.ts'
import type { Table } from '../table.ts'
import type { Filter } from './filter.ts'
import { complete } from './iptables.ts'
import { listed, met, SYNC, trace, watch } from './monitor.ts'

const restore = (lab: Lab, tables: readonly Table[]) => lab.must(tools.restore('ip'), printRuleset(complete(tables)))

export const iptablesNft: Filter = {
  name: 'iptables-nft',
  kinds: KINDS,
  isLogged: false,
  format: nftTrace,
  typed: (command) => command.replace(/(^|&& )(ip6?tables) /g, '$1$2-nft '),
  prepare: watch,
  complete,
  async clear(lab) {
    await lab.must(['nft', 'flush', 'ruleset'])
    await lab.must(['ipset', 'destroy'])
  },
  async load(lab, tables, sets) {
    if (sets.length > 0) await lab.must(['ipset', 'restore'], `${sets.join('\n')}\n`)
    await lab.must(['nft', '-f', '-'], SYNC)
    await restore(lab, tables)
  },
  async replace(lab, tables) {
    await restore(lab, tables)
  },
  trace,
  state: async (lab) => ({
    'rules.v4': await lab.must(tools.save('ip')),
    'ruleset.nft': await listed(lab),
    'ipset.save': await lab.must(['ipset', 'save']),
  }),
  met: ({ tables }, saved, exchange) =>
    met(tables.map(asNft), saved['ruleset.nft']!, exchange).map((one) => ({
      ...one,
      table: one.table.slice('ip '.length),
    })),
}

const asNft = ({ name, chains }: Table): Table => ({
  name: `ip ${name}`,
  chains: chains.map((chain) => ({
    ...chain,
    ...(chain.policy ? { base: `type ${name === 'nat' ? 'nat' : 'filter'} hook ${IPTABLES_HOOKS[chain.name]}` } : {}),
  })),
})
