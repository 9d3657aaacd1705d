/** A rule that was meant for the traffic and has a condition too many, a turned one, or one word less in a list. */
import { inserted, type Kind, type Met, replaced, ruleAt, type Scene, targetOf } from '../fault.ts'

const NOT_MEANT = ['DROP', 'REJECT', 'LOG', 'TRACE']

/** Conditions that such a packet does not meet. */
function unmet({ packet, hook, chain }: Met, { topology }: Scene): string[] {
  const { protocol } = packet
  // the kernel takes some only where no other hook leads to the chain
  const isBase = /^[A-Z]+$/.test(chain)
  return [
    ...(isBase && hook !== 'output' && hook !== 'postrouting' ? ['-m mac --mac-source 02:00:00:00:09:09'] : []),
    ...(isBase && hook === 'output' ? ['-m owner --uid-owner 4321'] : []),
    ...(protocol === 'tcp' ? ['-p tcp -m tcp --tcp-flags SYN,ACK ACK', '-p tcp -m multiport --sports 1:1023'] : []),
    '-m ttl --ttl-gt 100',
    '-m length --length 0:20',
    '-m addrtype --dst-type BROADCAST',
    '-m addrtype --src-type LOCAL --dst-type LOCAL',
    '-m pkttype --pkt-type multicast',
    '-m time --datestart 2037-01-01',
    '-m conntrack --ctstatus EXPECTED',
    '-m conntrack --ctdir REPLY',
    '-m connmark --mark 0x77',
    '-m dscp --dscp 46',
    '-m connlimit --connlimit-above 9',
    '-m iprange --src-range 192.0.2.1-192.0.2.9',
    '-m helper --helper ftp',
    '-m realm --realm 5',
    `-m recent --name friends --rcheck`,
    `-m conntrack --ctorigdst ${topology.far.left.ip}`,
    `! -s ${packet.src}/32`,
  ]
}

const without = (words: string, rule: string): boolean => {
  const [option] = /^(?:! )?-\w/.exec(words) ?? []
  return option !== undefined && option !== '-m' && new RegExp(`(^|\\s)${option.replace('! ', '')} `).test(rule)
}

export const conditionTooMany: Kind = {
  name: 'a condition too many',
  make: (scene) =>
    scene.met.flatMap((met) => {
      const { table, chain, index, rule } = met
      const target = targetOf(rule ?? '')
      if (rule === undefined || target === undefined || NOT_MEANT.includes(target)) return []
      const fit = unmet(met, scene).filter((words) => !without(words, rule) || /-p tcp -m (tcp|multiport)/.test(words))
      const words = scene.random.pick(fit).replace(/-p tcp (?=-m)/, / ?-p tcp/.test(rule) ? '' : '-p tcp ')
      const now = rule.replace(/(?=-[jg] \S)/, `${words} `)
      return [
        {
          kind: 'a condition too many',
          about: `-t ${table} ${chain} ${index + 1}: ${now}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
}

const changing = (kind: string, change: (met: Met & { rule: string }, scene: Scene) => string | undefined): Kind => ({
  name: kind,
  make: (scene) =>
    scene.met.flatMap((met) => {
      const { table, chain, index, rule } = met
      if (rule === undefined || NOT_MEANT.includes(targetOf(rule) ?? '')) return []
      const now = change({ ...met, rule }, scene)
      if (now === undefined || now === rule) return []
      return [
        {
          kind,
          about: `-t ${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
})

/** `!` that should not be there. */
export const negated = changing('a negation too many', ({ rule }, { random }) => {
  const words = [...rule.matchAll(/(?<!! )(?:-[sdio] |--dport |--match-set )/g)]
  if (words.length === 0) return undefined
  const { index } = random.pick(words)
  return `${rule.slice(0, index)}! ${rule.slice(index)}`
})

/** `--dports` without the one that is asked for. */
export const listedGone = changing('an element missing from a rule', ({ rule, packet }) => {
  const [option, list] = /--dports (\S+)/.exec(rule) ?? []
  const ports = list?.split(',') ?? []
  if (ports.length < 2 || !ports.includes(String(packet.dport))) return undefined
  return rule.replace(option!, `--dports ${ports.filter((one) => one !== String(packet.dport)).join()}`)
})

/** Another type of ICMP. */
export const wrongIcmpType = changing('a wrong ICMP type', ({ rule }, { random }) => {
  const type = random.pick(['0', '3', '13'])
  if (/--icmp-type 8/.test(rule)) return rule.replace('--icmp-type 8', `--icmp-type ${type}`)
  return /-p icmp(?! -m)/.test(rule) ? rule.replace('-p icmp', `-p icmp -m icmp --icmp-type ${type}`) : undefined
})

const TWIN: Readonly<Record<string, string>> = { INPUT: 'FORWARD', FORWARD: 'INPUT', OUTPUT: 'INPUT' }

/** The rule stands where packets to this machine pass, and these are forwarded; or the other way round. */
export const wrongChain: Kind = {
  name: 'a rule in the wrong chain',
  make: ({ met, setup }) =>
    met.flatMap(({ of, table, chain, index, rule }) => {
      const twin = TWIN[chain]
      if (of !== 'question' || table !== 'filter' || rule === undefined || twin === undefined) return []
      if (NOT_MEANT.includes(targetOf(rule) ?? '')) return []
      const moved = twin === 'INPUT' ? rule.replace(/(?:! )?-o \S+ /, '') : rule
      const tables = inserted(setup.tables, table, twin, 0, moved).map((one) =>
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
          about: `-t ${table}: "${moved}" in ${twin}, in place of ${chain}`,
          variant: { tables },
          culprits: [ruleAt({ table, chain: twin, index: 0 }), { chain: { table, chain } }],
        },
      ]
    }),
}
