/** docs/injected-faults.md, as one run of the suite writes it. */
import type { Played } from './play.ts'

export interface Run {
  played: readonly Played[]
  seeds: readonly number[]
  kernel: string
  iptables: string
  date: string
}

export interface Figures {
  cases: number
  kinds: number
  named: number
  confident: number
  restored: number
  inVain: number
  changed: number
  nothing: number
}

export function figuresOf(played: readonly Played[]): Figures {
  const count = (test: (one: Played) => boolean) => played.filter(test).length
  return {
    cases: played.length,
    kinds: new Set(played.map(({ fault }) => fault.kind)).size,
    named: count(({ judgement }) => judgement.named),
    confident: count(({ judgement }) => judgement.confident),
    restored: count(({ mended }) => mended.result === 'restored'),
    inVain: count(({ mended }) => mended.result === 'not restored' || mended.result === 'refused by the tool'),
    changed: count(({ mended }) => mended.result === 'something else changed'),
    nothing: count(({ mended }) => mended.result === 'nothing proposed'),
  }
}

const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`)

export function printLedger(run: Run): string {
  const all = figuresOf(run.played)
  const median = [...run.played.map(({ judgement }) => judgement.pointedAt)].sort((a, b) => a - b)[all.cases >> 1]
  return `${HEAD}
## The run

Linux ${run.kernel}, iptables-legacy ${run.iptables}, ${run.date}, seeds ${run.seeds.join(', ')}: ${all.cases} cases of ${all.kinds} kinds. \`npm run faults\` writes this page
anew.

| | cases | share |
| --- | ---: | ---: |
| the fault is named | ${all.named} | ${percent(all.named, all.cases)} |
| not named, and something definite is said all the same | ${all.confident} | ${percent(all.confident, all.cases)} |
| the first fix restores the traffic, and nothing else changes | ${all.restored} | ${percent(all.restored, all.cases)} |
| it restores it, and something else changes too | ${all.changed} | ${percent(all.changed, all.cases)} |
| it does not restore it | ${all.inVain} | ${percent(all.inVain, all.cases)} |
| nothing is proposed that helps in the model | ${all.nothing} | ${percent(all.nothing, all.cases)} |

A diagnosis points at ${median} rules and policies (median), of all journeys of the exchange together.

### By kind of fault

${table(
  'kind',
  groups(run.played, ({ fault }) => fault.kind),
)}

### By setup

${table(
  'setup',
  groups(run.played, ({ setup }) => setup),
)}

## What it gets wrong

### Not named

${list(
  run.played.filter(({ judgement }) => !judgement.named),
  ({ diagnosis }) => `said: ${said(diagnosis)}`,
)}

### Named, and the first fix fails

${list(
  run.played.filter(({ judgement, mended }) => judgement.named && FAILS.includes(mended.result)),
  ({ mended }) => ('command' in mended ? `\`${mended.command}\`: ${'told' in mended ? mended.told : ''}` : ''),
)}
`
}

const FAILS: readonly string[] = ['not restored', 'refused by the tool', 'something else changed']

const HEAD = `# Faults put into rules that work

How good are the diagnoses? Here they are measured, on a real kernel. A machine is set up in a network namespace as
people run them; traffic is sent through it, and it works. Then one fault is put in, the same traffic is sent again and
fails, and nfwhy explains the kernel's TRACE lines with the machine's own state (\`iptables-save\`, \`ip -j\`, \`ss\`, \`sysctl\`,
\`conntrack\`, \`ipset save\`, all taken afterwards). What it says is compared with the fault. Then the first fix that it
tried with its model, and that helps there, is run on the kernel: does the traffic work, and does all other traffic
behave as before?

\`test/kernel/faults/setups\` has the machines: a host's own firewall, a router with port forwards, Docker, kube-proxy,
firewalld, ufw, an OpenStack router, security groups, and a server that guards its own output. Each is a generator with
parameters. \`test/kernel/faults/kinds\` has the faults. They are put where the traffic goes: the rules to spoil are those
that the working packets met. Which of several places and words is taken, chance decides, by the seed. A fault that does
not stop the traffic is no case.

## What naming means

| fault | named, if |
| --- | --- |
| a rule too many, wrong, or in the wrong place | the journey's culprit or a rule of a finding is that very rule, by table, chain and number |
| a rule missing | a rule or policy of the chain that it was in is pointed at |
| a jump missing | a rule of the chain that is not come to any more |
| a policy | that policy |
| a set's element | \`not-in-set\`, with the set's name |
| a setting, a route, a server, an old connection | the finding of that kind, with the setting's name, the address, the port |
| an answer that no rule lets through | \`reply-dropped\` |

All journeys of the exchange count, also those of the answer. Notes count as well; how many rules are pointed at is told
below, as naming everything would be naming nothing. "Definite" is a journey with a culprit, or a finding of severity
error; a case that is not named is wrong with confidence then.

Some faults no command on the machine can mend: nobody listens, the sender's TTL is too small, its source address is
forged, the way to a network is gone and nothing tells the gateway. They count all the same.
`

function groups(played: readonly Played[], by: (one: Played) => string): Map<string, Played[]> {
  const found = new Map<string, Played[]>()
  for (const one of played) found.set(by(one), [...(found.get(by(one)) ?? []), one])
  return found
}

function table(what: string, rows: ReadonlyMap<string, readonly Played[]>): string {
  const lines = [...rows].map(([name, played]) => {
    const { cases, named, confident, restored, inVain, changed, nothing } = figuresOf(played)
    return `| ${[name, cases, named, confident, restored, changed, inVain, nothing].join(' | ')} |`
  })
  const head = [what, 'cases', 'named', 'wrong with confidence', 'restored', 'more changed', 'in vain', 'no fix']
  return [`| ${head.join(' | ')} |`, `| --- |${' ---: |'.repeat(7)}`, ...lines].join('\n')
}

function list(played: readonly Played[], more: (one: Played) => string): string {
  if (played.length === 0) return 'None.'
  return played
    .map((one) => {
      const { setup, seed, probe, fault } = one
      return `- **${fault.kind}** (${setup}, seed ${seed}, ${probe}): \`${fault.about}\`; ${more(one)}`
    })
    .join('\n')
}

function said({ journeys }: Played['diagnosis']): string {
  const [worst] = journeys
  if (!worst) return 'nothing'
  const codes = [...new Set(journeys.flatMap(({ findings }) => findings.map(({ code }) => code)))]
  return `${worst.outcome}, ${codes.map((code) => `\`${code}\``).join(' ')}`
}
