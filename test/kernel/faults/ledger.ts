/** docs/injected-faults.md, as one run of the suite writes it. */
import type { Played } from './play.ts'

export interface Run {
  played: readonly Played[]
  seeds: readonly number[]
  /** Of the kinds of faults every so manieth. */
  share: number
  kernel: string
  /** Of each filter's program. */
  versions: Readonly<Record<string, string>>
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
  /** Of these, what no command on the machine could mend. */
  elsewhere: number
  /** And those with a command that cannot be tried yet. */
  untried: number
}

export function figuresOf(played: readonly Played[]): Figures {
  const count = (test: (one: Played) => boolean) => played.filter(test).length
  return {
    cases: played.length,
    kinds: new Set(played.map(({ fault }) => fault.kind)).size,
    named: count(({ judgement }) => judgement.named),
    confident: count(({ judgement }) => judgement.confident),
    restored: count(({ mended }) => mended.result === 'restored'),
    inVain: count(({ mended }) => IN_VAIN.includes(mended.result)),
    changed: count(({ mended }) => mended.result === 'something else changed'),
    nothing: count(({ mended }) => mended.result === 'nothing proposed'),
    elsewhere: count(({ mended, fault }) => mended.result === 'nothing proposed' && fault.elsewhere === true),
    untried: count(
      ({ mended, fault, diagnosis }) =>
        mended.result === 'nothing proposed' && !fault.elsewhere && hasUntried(diagnosis),
    ),
  }
}

const hasUntried = ({ journeys }: Played['diagnosis']): boolean =>
  journeys.some(({ findings }) =>
    findings.some(({ fix }) => fix.some(({ unverified }) => /^it cannot be tried/.test(unverified ?? ''))),
  )

const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`)

export const FILTERS = ['iptables-legacy', 'iptables-nft', 'nft'] as const

export function printLedger(run: Run): string {
  const parts = FILTERS.map((filter) => run.played.filter((one) => one.filter === filter))
  return `${HEAD}
## The run

Linux ${run.kernel}, ${FILTERS.map((filter) => `${filter} ${run.versions[filter]}`).join(', ')}, ${run.date}, ${run.seeds.length > 1 ? 'seeds' : 'seed'} ${run.seeds.join(', ')}${run.share > 1 ? `, in each setup one of ${run.share} kinds of faults` : ''}: ${run.played.length} cases. \`npm run faults\` writes this
page anew.

${summary(parts)}

${FILTERS.map((filter, i) => printPart(filter, parts[i]!)).join('\n')}`
}

const ROWS: readonly [string, (figures: Figures) => number][] = [
  ['the fault is named', ({ named }) => named],
  ['not named, and something definite is said all the same', ({ confident }) => confident],
  ['the first fix restores the traffic, and nothing else changes', ({ restored }) => restored],
  ['it restores it, and something else changes too', ({ changed }) => changed],
  ['it does not restore it', ({ inVain }) => inVain],
  ['nothing is proposed that helps in the model', ({ nothing }) => nothing],
  ['… no command could mend it that the model tries', ({ elsewhere }) => elsewhere],
  ['… a command is proposed that the model cannot try yet', ({ untried }) => untried],
]

/** A column for each filter. */
function summary(parts: readonly (readonly Played[])[]): string {
  const figures = parts.map(figuresOf)
  const row = (name: string, cells: readonly (string | number)[]) => `| ${[name, ...cells].join(' | ')} |`
  const median = (played: readonly Played[]) =>
    [...played.map(({ judgement }) => judgement.pointedAt)].sort((a, b) => a - b)[played.length >> 1] ?? 0
  return [
    row(
      '',
      FILTERS.flatMap((filter) => [filter, 'share']),
    ),
    `| --- |${' ---: |'.repeat(2 * FILTERS.length)}`,
    row(
      'cases',
      figures.flatMap(({ cases }) => [cases, '']),
    ),
    row(
      'kinds of faults',
      figures.flatMap(({ kinds }) => [kinds, '']),
    ),
    ...ROWS.map(([name, of]) =>
      row(
        name,
        figures.flatMap((one) => [of(one), percent(of(one), one.cases)]),
      ),
    ),
    row(
      'restored, of those that a command could mend',
      figures.flatMap(({ restored, cases, elsewhere }) => [
        `${restored} of ${cases - elsewhere}`,
        percent(restored, cases - elsewhere),
      ]),
    ),
    row(
      'rules and policies that a diagnosis points at (median)',
      parts.flatMap((played) => [median(played), '']),
    ),
  ].join('\n')
}

const printPart = (filter: string, played: readonly Played[]): string => `## ${filter}

### By kind of fault

${table(
  'kind',
  groups(played, ({ fault }) => fault.kind),
)}

### By setup

${table(
  'setup',
  groups(played, ({ setup }) => setup),
)}

### Kinds and setups

Each cell: named / restored / cases.

${matrix(played)}

### Not named

${list(
  played.filter(({ judgement }) => !judgement.named),
  ({ diagnosis }) => `said: ${said(diagnosis)}`,
)}

### Named, and the first fix fails

${list(
  played.filter(({ judgement, mended }) => judgement.named && FAILS.includes(mended.result)),
  ({ mended }) => ('command' in mended ? `\`${mended.command}\`: ${'told' in mended ? mended.told : ''}` : ''),
)}
`

const IN_VAIN: readonly string[] = ['not restored', 'refused by the tool', 'not taken back']
const FAILS: readonly string[] = [...IN_VAIN, 'something else changed']

const HEAD = `# Faults put into rules that work

How good are the diagnoses? Here they are measured, on a real kernel. A machine is set up in a network namespace as
people run them; traffic is sent through it, and it works. Then one fault is put in, the same traffic is sent again and
fails, and nfwhy explains the trace (the kernel's TRACE lines, or \`nft monitor trace\` for nft and iptables-nft) with the
machine's own state (\`iptables-save\`, \`nft -a list ruleset\`, \`ip -j\`, \`ss\`, \`sysctl\`, \`conntrack\`, \`ipset save\`, all
taken afterwards, as \`nfwhy collect\` saves them). What it says is compared with the fault. Then the first fix that it
tried with its model, and that helps there, is run on the kernel: does the traffic work, and does all other traffic
behave as before? And does its undo give the rules back as they were?

\`test/kernel/faults/setups\` has the machines: a host's own firewall, a router with port forwards, Docker, kube-proxy,
firewalld, ufw, an OpenStack router, security groups, a server that guards its own output, libvirt, OpenWrt, Tailscale,
Shorewall, Calico, each with iptables-legacy and with iptables-nft;
\`setups/nft\` has thirteen in nft's own words, as such programs write it: sets, verdict maps, tables of their own, marks for two uplinks, one of IPv6.
Each is a generator with parameters. \`test/kernel/faults/kinds\` has the faults, \`kinds/nft\` those of nft. They are put where the traffic goes: the rules to spoil are those
that the working packets met. Which of several places and words is taken, chance decides, by the seed. A fault that does
not stop the traffic is no case.

## What naming means

| fault | named, if |
| --- | --- |
| a rule too many, wrong, or in the wrong place | the journey's culprit or a rule of a finding is that very rule, by table, chain and number |
| a rule missing | a rule or policy of the chain that it was in is pointed at |
| a jump missing | a rule of the chain that is not come to any more |
| a policy | that policy |
| a set's element, a map's key | \`not-in-set\`, with its name |
| a setting, a route, a server, an old connection | the finding of that kind, with the setting's name, the address, the port |
| an answer that no rule lets through | \`reply-dropped\` |

All journeys of the exchange count, also those of the answer. Notes count as well; how many rules are pointed at is told
below, as naming everything would be naming nothing. "Definite" is a journey with a culprit, or a finding of severity
error; a case that is not named is wrong with confidence then.

libvirt, OpenWrt and Tailscale were written last, and kept aside while the findings were made better by what the others
showed. At their first run, with seeds 1, 2 and 3, the fault was named in 259 of 272 cases (95.2 %), and the traffic
restored in 203 (74.6 %), when no change of routes, connections or sets could be tried yet.

Some faults no command on the machine can mend, or only one that the model does not try: nobody listens, or on another
address; the sender's TTL is too small, its source address is forged; the way to a network is gone and nothing tells the
gateway; a neighbour is gone; IPsec has a policy and no state. They count all the same, and the summary tells besides how
many of the others were mended. The later kinds have more of them: with these, about one case in seven is of that sort, and
before them it was one in fifteen (seed 51).

nft came later. At its first run, before anything was done for it, with seed 1, the fault was named in 202 of 268 cases
(75.4 %), and the traffic restored in 201 (75.0 %).

## Several faults at once

\`NFWHY_FAULTS_AT_ONCE=2\` puts two faults into each setup, in different chains; each stops the traffic by itself. The fix is
then all commands that bring request and reply through; three are put there by \`NFWHY_FAULTS_AT_ONCE=3\`. With one of six kinds
of faults in each setup (nft: one of three), on 2026-11-22, the first fix restored the traffic so often:

| at once | iptables-legacy | iptables-nft | nft |
| --- | --- | --- | --- |
| two, seed 42 (nft: 182) | 54 of 55 (98.2 %) | 53 of 55 (96.4 %) | 73 of 79 (92.4 %) |
| two, seed 52 (nft too: one of six) | 50 of 54 (92.6 %) | 50 of 54 (92.6 %) | 34 of 37 (91.9 %) |
| three, seed 43 (nft: 181 and 191) | 51 of 55 (92.7 %) | 52 of 55 (94.5 %) | 138 of 160 (86.3 %) |
| three, seed 53 (nft too: one of six) | 46 of 55 (83.6 %) | 50 of 55 (90.9 %) | 20 of 22 (90.9 %), the first six setups |
| three, seed 132 (nft too: one of six; legacy without Docker), first run | 52 of 66 (78.8 %) | 50 of 73 (68.5 %) | 40 of 48 (83.3 %) |
| … after what it showed was mended | 60 of 66 (90.9 %) | 60 of 73 (82.2 %) | 40 of 48 (83.3 %) |
| three, seed 133 (nft too: one of six), first run, behind that | 60 of 69 (87.0 %) | 52 of 62 (83.9 %) | 39 of 46 (84.8 %) |
| three, seed 231 (one of three; 2026-11-23), first run | 128 of 139 (92.1 %) | 112 of 126 (88.9 %) | 85 of 96 (88.5 %) |
| three, seed 232 (one of three), before seed 231 was looked at | 122 of 133 (91.7 %) | 103 of 120 (85.8 %) | 76 of 96 (79.2 %) |
| … with what seed 231 showed mended, first run | 124 of 133 (93.2 %) | 118 of 134 (88.1 %) | 75 of 96 (78.1 %) |
| three, seed 233 (one of six), first run, behind that | 59 of 67 (88.1 %) | 62 of 67 (92.5 %) | 41 of 51 (80.4 %) |
| three, seed 302 (nft too: one of six), first run, 2026-11-26 | not run | 67 of 72 (93.1 %) | 45 of 51 (88.2 %) |
| three, seeds 2001 and 2003 (one of eight; 2026-11-28), first run | 77 of 91 (84.6 %), the first seed | 155 of 177 (87.6 %) | 118 of 146 (80.8 %) |
| three, seeds 2011, 2017 and 2023 (one of eight; 2026-11-29), first run | not run | 231 of 264 (87.5 %) | 179 of 211 (84.8 %) |
| three, seeds 3003, 3007 and 3011 (one of eight; 2026-11-29), first run, the last two with some of what the ones before showed mended | not run | 238 of 264 (90.2 %) | 173 of 210 (82.4 %) |
| three, seeds 5001, 5003 and 5007 (one of eight; 2026-11-30), first run | not run | not run | 177 of 207 (85.5 %) |
| … seed 5003 with what it and seed 5001 showed mended, thirteen of fifteen setups | not run | not run | 53 of 57 (93.0 %), in place of 48 of 57 |

With seed 132 the lab could not load one combination of Docker's with iptables-legacy, so that this setup is missing there. What
it showed: behind a queue that no program reads nothing was looked for; a zone for packets of this host was put into
PREROUTING; of two refusals of routing in a row the second was not seen; a way back that is a blackhole was not named where the
reverse path filter dropped the request for it.

What seeds 231 and 232 showed, and what was mended: two faults in the path of DNAT hid each other; of a one-to-one NAT one half
says what the other should be; a packet for a made-up address was let out as it was; a route that led astray counted as what
a change harms. Of nft's the share stays below the others': most that remain have lost the one rule or element that said
where packets go. firewalld with iptables lacked some cases before 2026-11-23: the kernel refused to load a fault.

What seed 17001 showed, one fault at a time, and what was mended before the run below: the bits of a mark were said to be of the
last rule that wrote any; routes were asked with the mark that the packet had when it left, or with none where nft's trace shows
none; a limit or a recent list that a passed rule asks for kept a packet from being played again.

Seed 401, one of four kinds in each setup, on 2026-11-26: its first run named 125 of 126, 125 of 126 and 102 of 104, and restored
110 of 126, 110 of 126 and 88 of 104. What it showed, and what was mended: behind DNAT nobody knew which port a new connection
was opened for, so that a rule with \`--ctorigdstport\` was no near miss; in front of a drop at egress a rule with \`ct status\` was
proposed, which the kernel refuses; where a rule of nat is gone, or an element of its map, the rule that accepts the service for
one host says which. Seed 402, behind that, at its first run: 117 of 118 with iptables-legacy named and 102 restored, 106 of 107
with iptables-nft named and 94 restored, and 98 of 99 with nft named and 89 restored. The router is missing with iptables-nft, as the lab made a fault that cannot be loaded. The one of
nft was told with the reply that IPsec keeps back, which the judge did not count.

Shorewall, Calico, VyOS, a router with two uplinks by marks and a load balancer came on 2026-11-28, and six kinds: a wrong verdict, the sides
mixed up, a netmask too narrow, a chain flushed, a jump to another chain, and nat in the wrong chain (nft: a chain of a wrong type or priority).
The first run, seed 501 and all kinds in these five, named 87 of 102 cases with iptables-nft and 137 of 158 with nft, and restored 91 and 116; the six
kinds in the setups from before were named in 44 of 58 cases and 35 of 44, and restored in 54 and 44. What it showed, and what was mended: what lacks a
mark was said to be dropped for it, and the rule that would have set it was not named; a host with two uplinks was said to need masquerading; a RETURN
in place of an accept was named for ports alone; behind nat that chooses by turns nothing was tried. Seed 502, run before the last of these was mended, named 97 of
101 and 137 of 153, and restored 91 and 116.

Seed 2019, one fault at a time and one of four kinds in each setup, on 2026-11-29, at its first run: 188 of 194 with iptables-nft
named and 172 restored, 172 of 181 with nft named and 153 restored; about one in eight was of the sort that no command here
mends. What it and the runs with three showed, and what was mended: a packet that got through had a tick though connection tracking had
seen no reply; a forward of a port was widened for packets to other hosts; of several destinations the only one without a way was not named;
a routing rule that comes too late for a mark stood behind the source that the wrong way lacked.

Seed 3001, in the same way and on the same day, at its first run: 96 of 101 with iptables-nft named and 90 restored, 94 of 100 with nft named
and 83 restored. What it and seeds 3003, 3007 and 3011 showed, and what was mended: a chain of a later base chain was said to be led to by
no rule, and a jump to it was offered; a chain of nat at hook output that asks for an input interface was not told; where a reply might still come,
several causes were not told together; an undo took the route to a next hop away before it restored the route by that; a reply's sender
was made a member of those who may ask; a rule for a source was proposed for UDP programs that leave theirs to the route.

Of nft's that failed with three at once, nearly all had lost a rule of nat that nothing else tells of, or one sent the packet to
a place that another rule contradicts no more: with seeds 3003, 3007 and 3011 a rule, a chain or an element of nat was lost or mistaken in 26
of 37.

What seeds 5001 and 5003 showed, and what was mended: a packet for a service that nat has a rule for was let out as it is, where its address has a route; a jump
to a chain of nat was for all packets, as another rule kept this source from what the chain does with any; in front of the rule that a chain's name
means another one took the packet, and nothing was proposed; where nat sends it was not held against a rule that asks for another state;
what a program sends from another link's address went by the default route, as no routing rule selects that link's table. Most that
remain have lost the one rule, element or mark that says where packets go.

## Faults beside the rules' own words

Some kinds came later: a condition that the packets do not meet, a negation, a rule in the chain of another hook, a zone in one
direction, a queue without a reader, a ban for asking too often, a mark or a routing rule that leads to another table, a way
back that is gone or leads elsewhere, SNAT to an address of nobody, a drop at a device, a server bound to another address or
interface, a neighbour that is gone, IPsec's policy without a state, an address of this host too many. At their first run, with
seed 61, the fault was named in 146 of 169 cases with iptables-legacy, in 146 of 169 with iptables-nft, and in 86 of 101
with nft. Missed were, above all, zones where nothing was dropped (11 of 26), marks (12 of 23) and routing rules (5 of 23) that lead
to a table, and an address too many (23 of 23). After that was mended, zones were named in 16 of 16, marks in 14 of 15, routing rules in
15 of 15. With all kinds, seed 131 and one of four kinds in each setup, the first run named 113 of 120, 114 of 120 and 96 of 97,
and restored 94 of 120, 94 of 120 and 82 of 97 (94 of 101, 94 of 101 and 82 of 85 of those that a command could mend); after
what it showed was mended, it named 115 of 120, 115 of 120 and 97 of 97, and restored 95 of 120, 95 of 120 and 82 of 97 (95 of 101,
95 of 101 and 82 of 85 of those that a command could mend). The run below, of seed 133, is one that nothing was mended for: what
it showed as well, that the bypass of a queue opened ports which later rules close, was mended behind it.

## What it gets wrong

What leaves no trace cannot be told: a rule that is gone from a chain that has no other like it; who should have set a
mark that nothing sets; a rule that lets whatever was rewritten pass (firewalld's \`--ctstate DNAT\`) and has lost that
word. A packet that was not rewritten, and is stopped under its first destination, looks like one that has to be let
through: then an accept is proposed, and leads it nowhere. Where nat sends a packet to a wrong host that answers with a
reset, nothing on this machine says which one was meant. Rules of nft count nothing unless they say so: which of them serve
others is not known then, and a fix adds to what a rule asks for in place of changing it.
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

function matrix(played: readonly Played[]): string {
  const setups = [...groups(played, ({ setup }) => setup).keys()]
  const rows = [...groups(played, ({ fault }) => fault.kind)].map(([kind, ofKind]) => {
    const cells = setups.map((setup) => {
      const { cases, named, restored } = figuresOf(ofKind.filter((one) => one.setup === setup))
      return cases === 0 ? '' : `${named}/${restored}/${cases}`
    })
    return `| ${[kind, ...cells].join(' | ')} |`
  })
  return [`| ${['kind', ...setups].join(' | ')} |`, `| --- |${' :-: |'.repeat(setups.length)}`, ...rows].join('\n')
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
