/** What to say to whom gave no capture: what is missing, how to get it, and what can be told without it. */
import { backendOf } from '../journey/backends.ts'
import { printable } from '../model/printable.ts'
import type { Rule } from '../model/ruleset.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { chainsBefore } from './before-the-trace.ts'
import { captureWords } from './inputs/format-words.ts'
import { basename, EMPTY, type Inputs, IS_CAPTURE } from './inputs/open.ts'

/** Files named one by one. */
const MOST = 6

const TO_TAKE = '\nOn that host, as root, nfwhy trace does it all. To take one by hand (docs/capture.md says more):'

export function noCapture({ files, warnings, machines, looksLike }: Inputs): UserError {
  const named = files.slice(0, MOST).map(({ name, format }) => `${printable(name)} (${format})`)
  const more = files.length > MOST ? ` and ${files.length - MOST} more` : ''
  const left = warnings
    .filter(({ code }) => code === 'not-recognised' || code === 'output-not-read')
    .slice(0, MOST)
    // a command ends with its last word
    .map(({ input, message }) => `\n${printable(input)}: ${printable(message)}${message.endsWith("'") ? '' : '.'}`)
  const worlds = machines.map(({ world }) => world)
  const empty = files.filter(({ name, format }) => format === EMPTY && IS_CAPTURE.test(basename(name)))
  if (empty.length > 0)
    return new UserError(
      `${empty.map(({ name }) => printable(name)).join(', ')}: it is empty, so no packet was traced, or the command that wrote it did not run as root.`,
      [...whyNone(worlds), captureWords(), ...howTo(worlds), ...without(worlds)].join('\n'),
    )
  const hint = looksLike.length > 0 ? [...looksLike] : [captureWords(), ...howTo(worlds), ...without(worlds)]
  return new UserError(
    `There is no capture among the inputs: ${named.join(', ')}${more}.${left.join('')}`,
    hint.join('\n'),
  )
}

/** What in the rules may be why a trace has nothing in it. */
function whyNone(worlds: readonly World[]): string[] {
  const why = worlds.flatMap(chainsBefore)
  const chains = worlds.flatMap(({ tables }) => tables.flatMap((table) => [...table.chains.values()]))
  const isTold = ({ statements }: Rule) => statements.some(({ kind }) => kind === 'trace' || kind === 'log')
  if (chains.length > 0 && !chains.some(({ rules }) => rules.some(isTold)))
    why.push('no listed rule traces or logs packets: without such a rule, a trace stays empty')
  return why.length === 0 ? [] : ['It may be that:', ...why.map((one) => `  ${one}`), '']
}

/** For packets of the families that there are rules of, and as their packet filter tells it. */
function howTo(worlds: readonly World[]): string[] {
  const tables = worlds.flatMap((world) => world.tables)
  if (tables.length > 0 && tables.every((table) => backendOf(table) === 'nf_tables')) return howToNft
  const families = tables.map(({ family }) => family)
  const tool = families.includes('ip6') && !families.includes('ip') ? 'ip6tables' : 'iptables'
  return [
    TO_TAKE,
    `  ${tool} -t raw -I PREROUTING 1 -p tcp --dport 80 -m limit --limit 10/second -j TRACE`,
    `  (send the packet)  dmesg > trace.log`,
    `  ${tool} -t raw -D PREROUTING -p tcp --dport 80 -m limit --limit 10/second -j TRACE`,
  ]
}

/** nf_tables sends trace events to who listens, and none to the kernel log. */
const howToNft = [
  TO_TAKE,
  '  nft add table inet nfwhy',
  "  nft 'add chain inet nfwhy pre { type filter hook prerouting priority -350; }'",
  '  nft add rule inet nfwhy pre tcp dport 80 limit rate 10/second meta nftrace set 1',
  '  timeout 30 nft -a monitor trace > trace.txt  (send the packet meanwhile)',
  '  nft delete table inet nfwhy',
]

function without(worlds: readonly World[]): string[] {
  const ways: string[] = []
  if (worlds.some(({ tables }) => tables.length > 0))
    ways.push(
      '  nfwhy map       the rules in the order of their evaluation',
      '  nfwhy simulate  what would happen to a packet that you describe',
    )
  if (worlds.some(({ host }) => host.conntrack))
    ways.push('  nfwhy flows     the connections, and how NAT rewrites them')
  return ways.length === 0 ? [] : ['', 'Without one these help:', ...ways]
}
