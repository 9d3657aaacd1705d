/** What connection tracking does not know, or knows from before; answers that do not come back. */
import { inserted, type Kind, removed, replaced, ruleAt, type Scene } from '../../fault.ts'
import { addressWord, fault, ofRule, ownTable, someMatch } from './words.ts'

export const notrack: Kind = {
  name: 'notrack',
  make: (scene) =>
    (['question', 'answer'] as const).flatMap((of) => {
      const first = scene.met.find((met) => met.of === of)
      if (!first) return []
      const hook = first.packet.in === undefined ? 'output' : 'prerouting'
      const packet = of === 'question' ? scene.probe.packet : first.packet
      return [
        ownTable(
          scene,
          'notrack',
          'early',
          `type filter hook ${hook} priority -300`,
          `${someMatch(scene, packet)} notrack`,
        ),
      ]
    }),
}

/** The flow is older than the rules: where its packets went then, they go still. */
export const staleEntry: Kind = {
  name: 'a stale conntrack entry',
  make: (scene) => {
    const { setup, probe, met, topology } = scene
    if (probe.packet.protocol !== 'udp') return []
    return met.flatMap(({ table, chain, index, rule = '' }) => {
      const [whole, address] = /dnat (?:ip )?to ([\d.]+)/.exec(rule) ?? []
      if (whole === undefined || address === undefined) return []
      const old = scene.random.pick(topology.hosts.filter(({ ip }) => ip !== address && ip !== probe.packet.src)).ip
      const before = replaced(setup.tables, table, chain, index, rule.replace(whole, whole.replace(address, old)))
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
    const rule = met.find((one) => one.type === 'nat' && ofRule(one, 'dnat', 'redirect'))
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
            sets: [],
            chains: table.chains
              .filter(({ base }) => base !== undefined)
              .map((chain) => ({ ...chain, policy: 'ACCEPT' as const, rules: [] })),
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
      .filter((one) => one.of === 'question' && one.type === 'filter' && ofRule(one, 'accept'))
      .map(({ table, chain, index, packet: { protocol, src = '', dst, dport } }) => {
        const ip = addressWord(src)
        const service = dport === undefined ? ` ${protocol} type echo-request` : ` ${protocol} dport ${dport}`
        const such = `${ip} saddr ${src} ${ip} daddr ${dst}${service}`
        const limit = `${such} limit rate 1/hour burst 1 packets accept`
        const tables = inserted(inserted(setup.tables, table, chain, index, `${such} drop`), table, chain, index, limit)
        return {
          kind: 'a limit used up',
          about: `${table} ${chain}, in front of rule ${index + 1}: ${limit}, and behind it a drop`,
          variant: { tables },
          culprits: [ruleAt({ table, chain, index })],
          async before(stage) {
            await stage.put({ tables })
            await stage.ask(probe)
          },
        }
      }),
}

export const answerDropped: Kind = {
  name: 'the answer dropped',
  make: (scene) => {
    const { met, random } = scene
    const found = met
      .filter(({ of, type, index }) => of === 'answer' && type === 'filter' && index <= 1)
      .map((one) => {
        const { protocol, src, sport } = one.packet
        const match =
          sport === undefined
            ? `${addressWord(src!)} saddr ${src}`
            : random.pick([`${addressWord(src!)} saddr ${src}`, `${protocol} sport ${sport}`])
        return fault(scene, 'the answer dropped', { ...one, index: 0 }, `${match} drop`)
      })
    return [...found, ...answerAtTheEnd(scene)]
  },
}

function answerAtTheEnd(scene: Scene) {
  const last = scene.met.findLast(({ of }) => of === 'answer')
  if (!last) return []
  const { protocol, src = '', sport } = last.packet
  const match = sport === undefined ? `${addressWord(src)} saddr ${src}` : `${protocol} sport ${sport}`
  return [ownTable(scene, 'the answer dropped', 'late', 'type filter hook postrouting priority 10', `${match} drop`)]
}

/** The rule that lets answers through is gone. */
export const answerNotAccepted: Kind = {
  name: 'answers not accepted',
  make: ({ setup, met }) =>
    met
      .filter(({ of, type, rule = '' }) => of === 'answer' && type === 'filter' && /established/.test(rule))
      .map(({ table, chain, index, rule }) => ({
        kind: 'answers not accepted',
        about: `${table} ${chain}: without ${rule}`,
        variant: { tables: removed(setup.tables, table, chain, index) },
        culprits: [{ code: 'reply-dropped', words: [] }],
      })),
}

/** Kubernetes: a service whose endpoints are gone. */
export const noEndpoints: Kind = {
  name: 'no endpoints',
  make: ({ setup, met }) => {
    const table = setup.tables.find(({ name }) => name === 'ip kube-proxy')
    const service = met.find(({ chain }) => /^service-/.test(chain))?.chain
    const element = table?.sets
      ?.find(({ name }) => name === 'service-ips')
      ?.elements.find((one) => one.endsWith(` : goto ${service}`))
    if (!table || element === undefined) return []
    const [key] = element.split(' : ')
    const name = service!.replace(/^service-\w+-/, '')
    const sets = table.sets!.map((set) =>
      set.name === 'service-ips'
        ? { ...set, elements: set.elements.filter((one) => one !== element) }
        : set.name === 'no-endpoint-services'
          ? { ...set, elements: [...set.elements, `${key} comment "${name}" : goto reject-chain`] }
          : set,
    )
    return [
      {
        kind: 'no endpoints',
        about: `${name} has no endpoints`,
        variant: { tables: setup.tables.map((one) => (one === table ? { ...one, sets } : one)) },
        culprits: [
          { code: 'no-endpoints', words: [name] },
          { rule: { table: table.name, chain: 'service-endpoints-check', ruleNumber: 1 } },
        ],
      },
    ]
  },
}
