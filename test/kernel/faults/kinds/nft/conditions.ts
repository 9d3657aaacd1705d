/** A rule that was meant for the traffic and has a condition too many, or one for another family or type of ICMP. */
import { inserted, type Kind, type Met, replaced, ruleAt, type Scene } from '../../fault.ts'
import { addressWord, asked, chainNamed, ofRule, verdictKind, verdictOf } from './words.ts'

/** Conditions that such a packet does not meet. */
function unmet({ packet: { protocol, src = '' }, hook, table }: Met): string[] {
  const ip = addressWord(src)
  return [
    ...(hook === 'output' || hook === 'postrouting' ? [] : ['ether saddr 02:00:00:00:09:09', 'iifgroup 7']),
    ...(hook === 'output' ? ['meta skuid 4321'] : []),
    ...(protocol === 'tcp' ? ['tcp flags & (syn | ack) == ack', 'tcp sport 1-1023', 'tcp option maxseg size 500'] : []),
    ...(table.startsWith('inet') ? [`meta nfproto ${ip === 'ip' ? 'ipv6' : 'ipv4'}`] : []),
    ip === 'ip' ? 'ip ttl > 100' : 'ip6 hoplimit > 100',
    ip === 'ip' ? 'ip saddr 192.0.2.1-192.0.2.9' : 'ip6 saddr 2001:db8:99::/48',
    `${ip} dscp ef`,
    'meta length 0-20',
    'fib daddr type broadcast',
    'meta pkttype multicast',
    'ct status expected',
    'ct direction reply',
    'ct mark 0x77',
    'ct zone 7',
    'ct original packets > 10',
    'ct helper "ftp"',
    'rt classid 5',
    'ct count over 9',
    `${ip} saddr != ${src}`,
  ]
}

const isMeant = (rule: string | undefined): rule is string =>
  rule !== undefined && verdictOf(rule) !== undefined && !['drop', 'reject'].includes(verdictKind(rule)!)

export const conditionTooMany: Kind = {
  name: 'a condition too many',
  make: (scene) =>
    scene.met.flatMap((met) => {
      const { table, chain, index, rule } = met
      if (!isMeant(rule)) return []
      const words = scene.random.pick(unmet(met))
      const now = `${words} ${rule}`
      return [
        {
          kind: 'a condition too many',
          about: `${table} ${chain} ${index + 1}: ${now}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
}

const changing = (kind: string, change: (rule: string, scene: Scene) => string | undefined): Kind => ({
  name: kind,
  make: (scene) =>
    scene.met.flatMap(({ table, chain, index, rule }) => {
      if (!isMeant(rule)) return []
      const now = change(rule, scene)
      if (now === undefined || now === rule) return []
      return [
        {
          kind,
          about: `${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
})

export const wrongIcmpType = changing('a wrong ICMP type', (rule, { random }) => {
  const type = random.pick(['echo-reply', 'destination-unreachable'])
  if (/type echo-request/.test(rule)) return rule.replace('echo-request', type)
  return rule.replace(/(?:meta )?l4proto icmp(?= )/, `icmp type ${type}`)
})

const TWIN: Readonly<Record<string, string>> = { input: 'forward', forward: 'input', output: 'input' }

/** The rule stands where packets to this machine pass, and these are forwarded; or the other way round. */
export const wrongChain: Kind = {
  name: 'a rule in the wrong chain',
  make: (scene) =>
    asked(scene).flatMap((met) => {
      const { table, chain, index, rule, hook } = met
      const { tables } = scene.setup
      if (rule === undefined || met.type !== 'filter' || !ofRule(met, 'accept', 'jump')) return []
      if (chainNamed(tables, table, chain)?.base === undefined) return []
      const twin = tables
        .find(({ name }) => name === table)!
        .chains.find(({ base }) => new RegExp(`type filter hook ${TWIN[hook]} `).test(base ?? ''))?.name
      if (twin === undefined || /\boif/.test(rule)) return []
      const moved = inserted(tables, table, twin, 0, rule).map((one) =>
        one.name !== table
          ? one
          : {
              ...one,
              chains: one.chains.map((each) =>
                each.name === chain ? { ...each, rules: each.rules.toSpliced(index, 1) } : each,
              ),
            },
      )
      return [
        {
          kind: 'a rule in the wrong chain',
          about: `${table}: "${rule}" in ${twin}, in place of ${chain}`,
          variant: { tables: moved },
          culprits: [ruleAt({ table, chain: twin, index: 0 }), { chain: { table, chain } }],
        },
      ]
    }),
}

/** nat for what this machine sends, where it was meant for what comes in; or in front of an earlier chain. */
export const wrongHook: Kind = {
  name: 'a chain at the wrong hook',
  make: ({ met, setup }) =>
    setup.tables.flatMap((table) =>
      table.chains
        .filter(({ name }) => met.some((one) => one.table === table.name && one.chain === name))
        .flatMap((chain) => {
          const base = chain.base
            ?.replace(/type nat hook (prerouting|postrouting)/, (_, hook) =>
              hook === 'prerouting' ? 'type nat hook output' : 'type nat hook input',
            )
            .replace(/priority .*/, 'priority -100')
          if (base === undefined || base === chain.base) return []
          const { chains, sets = [] } = table
          // what they lead to has to be possible there too
          const text = JSON.stringify([chains.map(({ rules }) => rules), sets])
          if (/masquerade|redirect/.test(text)) return []
          return [
            {
              kind: 'a chain at the wrong hook',
              about: `${table.name} ${chain.name}: ${base}, in place of ${chain.base}`,
              variant: {
                tables: setup.tables.map((one) =>
                  one !== table
                    ? one
                    : { ...one, chains: one.chains.map((each) => (each === chain ? { ...each, base } : each)) },
                ),
              },
              culprits: [{ chain: { table: table.name, chain: chain.name } }],
            },
          ]
        }),
    ),
}
