/** iptables-legacy, whose TRACE goes to the kernel log. */
import { type Hook, IPTABLES_HOOKS } from '../../../../src/model/hook.ts'
import { kernelLog } from '../../../../src/read/captures/kernel-log/format.ts'
import { printRuleset } from '../../generate/ruleset.ts'
import { legacy as tools } from '../../lab/backend.ts'
import { readLine } from '../../truth/lines.ts'
import { readSaved } from '../../truth/rules.ts'
import { groupLines } from '../../truth/traversals.ts'
import { walkLines } from '../../truth/walk.ts'
import type { Exchange } from '../exchange.ts'
import type { Met } from '../fault.ts'
import { KINDS } from '../kinds/index.ts'
import type { Setup } from '../setup.ts'
import type { Filter } from './filter.ts'
import { complete } from './iptables.ts'

export const legacy: Filter = {
  name: 'iptables-legacy',
  kinds: KINDS,
  isLogged: true,
  format: kernelLog,
  typed: (command) => command.replace(/(^|&& )(ip6?tables) /g, '$1$2-legacy '),
  prepare: async () => {},
  complete,
  async clear(lab) {
    const empty = complete([]).map((table) => ({ ...table, chains: table.chains.filter(({ policy }) => policy) }))
    await lab.must(tools.restore('ip'), printRuleset(empty))
    await lab.must(['ipset', 'destroy'])
  },
  async load(lab, tables, sets) {
    if (sets.length > 0) await lab.must(['ipset', 'restore'], `${sets.join('\n')}\n`)
    await lab.must(tools.restore('ip'), printRuleset(complete(tables)))
  },
  async replace(lab, tables) {
    await lab.must(tools.restore('ip'), printRuleset(complete(tables)))
  },
  trace: async (_, { log }) => log,
  state: async (lab) => ({
    'rules.v4': await lab.must(tools.save('ip')),
    'ipset.save': await lab.must(['ipset', 'save']),
  }),
  met,
}

/** As the kernel's own lines say. */
function met(setup: Setup, saved: Readonly<Record<string, string>>, { sent, log }: Exchange): Met[] {
  const rules = readSaved(saved['rules.v4']!)
  const lines = log.map((text) => readLine(text)).filter((line) => line !== undefined)
  return groupLines(lines).flatMap(({ packet, ...traversal }): Met[] => {
    const of = packet.ipId === sent.packet.ipId ? 'question' : 'answer'
    let hook: Hook = 'prerouting'
    return walkLines({ packet, ...traversal }, rules)
      .filter(({ kind }) => kind !== 'log')
      .map(({ table, chain, ruleNumber, line }): Met => {
        hook = IPTABLES_HOOKS[chain] ?? hook
        const rule = setup.tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain)?.rules[
          ruleNumber - 1
        ]
        return {
          ...{ of, table, chain, hook, type: table === 'nat' ? 'nat' : 'filter' },
          ...{ index: ruleNumber - 1, packet: line.packet },
          ...(rule === undefined ? {} : { rule }),
        }
      })
  })
}
