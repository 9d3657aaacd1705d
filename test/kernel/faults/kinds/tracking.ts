/** What connection tracking does not know, or knows from before. */
import type { Packet } from '../../../../src/model/packet.ts'
import { inserted, type Kind, replaced, ruleAt, type Scene, targetOf } from '../fault.ts'

export const notrack: Kind = {
  name: 'notrack',
  make: (scene) =>
    scene.met
      .filter(({ table, chain }) => table === 'raw' && /^(PREROUTING|OUTPUT)$/.test(chain))
      .map(({ chain, packet }) => {
        const rule = `${someOf(packet, scene)} -j CT --notrack`
        return {
          kind: 'notrack',
          about: `-t raw -I ${chain} 2 ${rule}`,
          // behind the rule that traces
          variant: { tables: inserted(scene.setup.tables, 'raw', chain, 1, rule) },
          culprits: [ruleAt({ table: 'raw', chain, index: 1 })],
        }
      }),
}

function someOf({ protocol, src, dst, dport, sport }: Packet, { random, probe }: Scene): string {
  const port =
    dport === undefined
      ? ''
      : dport === probe.packet.dport
        ? ` -m ${protocol} --dport ${dport}`
        : ` -m ${protocol} --sport ${sport}`
  return random.pick([`-p ${protocol}${port}`, `-s ${src}/32`, `-d ${dst}/32 -p ${protocol}`])
}

/** The flow is older than the rules: where its packets went then, they go still. */
export const staleEntry: Kind = {
  name: 'a stale conntrack entry',
  make: (scene) => {
    const { setup, probe, met, topology } = scene
    if (probe.packet.protocol !== 'udp') return []
    return met.flatMap(({ table, chain, index, rule = '' }) => {
      if (table !== 'nat' || targetOf(rule) !== 'DNAT') return []
      const old = scene.random.pick(topology.hosts.filter(({ ip }) => !rule.includes(ip) && ip !== probe.packet.src)).ip
      const before = replaced(
        setup.tables,
        table,
        chain,
        index,
        rule.replace(/--to-destination [\d.]+/, `--to-destination ${old}`),
      )
      const sport = 5000 + scene.random.int(0, 999)
      return [
        {
          kind: 'a stale conntrack entry',
          about: `the flow began when ${chain} ${index + 1} still rewrote to ${old}`,
          variant: {},
          sport,
          culprits: [{ code: 'stale-conntrack', words: [old] }],
          async before(stage) {
            await stage.put({ tables: before })
            await stage.ask(probe, sport)
          },
        },
      ]
    })
  },
}

/** As above, but there was no rule at all. */
export const staleWithoutNat: Kind = {
  name: 'a flow older than its rule',
  make: (scene) => {
    const { setup, probe, met } = scene
    if (probe.packet.protocol !== 'udp') return []
    const rule = met.find(({ table, rule = '' }) => table === 'nat' && /-j (DNAT|REDIRECT)/.test(rule))
    if (!rule) return []
    const sport = 6000 + scene.random.int(0, 999)
    return [
      {
        kind: 'a flow older than its rule',
        about: `the flow began before ${rule.chain} ${rule.index + 1} was there`,
        variant: {},
        sport,
        culprits: [{ code: 'stale-conntrack', words: [] }],
        async before(stage) {
          const open = setup.tables.map((table) => ({
            ...table,
            chains: table.chains.map((chain) => ({
              ...chain,
              ...(chain.policy ? { policy: 'ACCEPT' as const } : {}),
              rules: table.name === 'raw' ? chain.rules : [],
            })),
          }))
          await stage.put({ tables: open })
          await stage.ask(probe, sport)
        },
      },
    ]
  },
}

/** A rate for this service alone: what comes beyond it is dropped. */
export const limitUsedUp: Kind = {
  name: 'a limit used up',
  make: ({ setup, met, probe }) =>
    met
      .filter(({ of, table, rule = '' }) => of === 'question' && table === 'filter' && targetOf(rule) === 'ACCEPT')
      .map(({ table, chain, index, packet: { protocol, src, dst, dport } }) => {
        const port = dport === undefined ? '' : ` -m ${protocol} --dport ${dport}`
        const such = `-s ${src}/32 -d ${dst}/32 -p ${protocol}${port}`
        const limit = `${such} -m limit --limit 1/hour --limit-burst 1 -j ACCEPT`
        const tables = inserted(
          inserted(setup.tables, table, chain, index, `${such} -j DROP`),
          table,
          chain,
          index,
          limit,
        )
        return {
          kind: 'a limit used up',
          about: `-t ${table} -I ${chain} ${index + 1} ${limit}, and behind it a DROP`,
          variant: { tables },
          culprits: [ruleAt({ table, chain, index })],
          async before(stage) {
            await stage.put({ tables })
            await stage.ask(probe)
          },
        }
      }),
}
