/** Random nft rulesets in which every rule counts, for packets between a left host, this one and a right host. */
import type { Random } from '../generate/random.ts'

/** Destination ports that packets use; others are where nat leads. */
export const PORTS = [1000, 1001, 1002, 1003, 1004, 1005]
export const LEFT = '192.0.2.2'
export const RIGHT = '198.51.100.2'
export const OWN = ['192.0.2.1', '198.51.100.1']

const MARKS = ['0x00000007', '0x00000001']

const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const
type Hook = (typeof HOOKS)[number]

/** As `nft -f` reads it. The first chains trace, in front of all others. */
export function randomRuleset(random: Random): string {
  const tables = [traceTable(), ...(random.chance(0.7) ? [natTable(random)] : [])]
  const count = random.int(1, 3)
  for (let i = 0; i < count; i++) tables.push(filterTable(random, i))
  return tables.join('\n')
}

const traceTable = () => `table inet tracing {
  chain on_the_way_in { type filter hook prerouting priority -400; policy accept; meta nftrace set 1; }
  chain on_the_way_out { type filter hook output priority -400; policy accept; meta nftrace set 1; }
}`

function natTable(random: Random): string {
  const family = random.pick(['ip', 'inet'])
  const to = family === 'inet' ? 'ip to' : 'to'
  const target = () => random.pick([`dnat ${to} ${RIGHT}:2001`, `dnat ${to} ${OWN[0]}:2002`, 'redirect to :2003'])
  const rule = () => `    udp dport ${random.pick(PORTS)} counter ${random.chance(0.2) ? 'accept' : target()}`
  const source = random.pick([
    '    oifname "wan" counter masquerade',
    `    oifname "wan" counter snat ${to} ${OWN[1]}`,
    `    udp dport ${random.pick(PORTS)} counter accept`,
  ])
  return `table ${family} rewriting {
  chain before { type nat hook prerouting priority dstnat; policy accept;
${Array.from({ length: random.int(0, 2) }, rule).join('\n')}
  }
  chain own { type nat hook output priority -100; policy accept;
${random.chance(0.5) ? `    udp dport ${random.pick(PORTS)} counter dnat ${to} ${RIGHT}:2004` : ''}
  }
  chain behind { type nat hook postrouting priority srcnat; policy accept;
${source}
  }
}`
}

function filterTable(random: Random, number: number): string {
  const family = random.pick(['ip', 'inet'])
  const users = Array.from({ length: random.int(0, 3) }, (_, i) => `user${i}`)
  const bases = HOOKS.filter(() => random.chance(0.6))
  // a chain leads to later ones only, so that nothing goes round
  const user = (name: string, i: number) => `  chain ${name} {\n${rules(random, users.slice(i + 1), undefined)}\n  }`
  const base = (hook: Hook) => {
    const name = random.chance(0.5) ? hook : `c_${hook.slice(0, 2)}${number}`
    const policy = random.chance(0.1) ? 'drop' : 'accept'
    const priority = random.pick([-150, -10, 0, 5, 50]) + number
    return `  chain ${name} { type filter hook ${hook} priority ${priority}; policy ${policy};\n${rules(random, users, hook)}\n  }`
  }
  return `table ${family} filter${number} {
  set ports { type inet_service; elements = { ${random.pick(PORTS)} } }
${[...users.map(user).reverse(), ...bases.map(base)].join('\n')}
}`
}

const rules = (random: Random, chains: readonly string[], hook: Hook | undefined): string =>
  Array.from({ length: random.int(0, 4) }, () => `    ${rule(random, chains, hook)}`).join('\n')

function rule(random: Random, chains: readonly string[], hook: Hook | undefined): string {
  const condition = random.pick([
    '',
    `udp dport ${random.pick(PORTS)}`,
    `udp dport { ${random.pick(PORTS)}, ${random.pick(PORTS)} }`,
    'udp dport @ports',
    `ip saddr ${LEFT}`,
    `ip daddr ${random.pick([RIGHT, ...OWN])}`,
    'meta mark 0x00000007',
    'ct state new',
    `meta length ${random.pick(['>', '<'])} 40`,
  ])
  const lead = chains.length > 0 && random.chance(0.4) ? `${random.pick(['jump', 'goto'])} ${random.pick(chains)}` : ''
  const end = random.pick([
    'accept',
    'accept',
    'return',
    'drop',
    `meta mark set ${random.pick(MARKS)}`,
    'ct mark set 0x00000003',
    `log prefix "# handle 7 (verdict drop)"`,
    '',
    'comment "a (verdict accept) b"',
    hook === undefined || hook === 'postrouting' || hook === 'prerouting' ? '' : 'reject',
  ])
  const [ports, verdicts] = [random.pick(PORTS), random.pick(PORTS)]
  if (random.chance(0.08) && ports !== verdicts)
    return `udp dport vmap { ${ports} : accept, ${verdicts} : ${chains[0] === undefined ? 'return' : `jump ${chains[0]}`} }`
  // an unconditional drop leaves nothing to look at
  const action = lead || (end === 'drop' && condition === '' ? 'accept' : end)
  // executed also where the condition fails
  const early = condition !== '' && random.chance(0.3) ? `meta mark set ${random.pick(MARKS)} ` : ''
  return `${early}${condition} counter ${action}`.trim()
}
