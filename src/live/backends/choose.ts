/** Which of the kernel's ways of tracing a session takes, given what the place has. */
import { command, orElse } from '../../model/command.ts'
import type { Backend, Change, Note, Plan, Stream, Wish } from '../plan.ts'
import { LiveProblem } from '../problem.ts'
import { type Facts, hasCapability, legacyTables } from '../survey/facts.ts'
import { LOG_GROUP, logRules, logTable } from './log-rules.ts'
import { loggerChanges } from './logger.ts'
import { holderOfGroup, loggersOf, sidesOf } from './sides.ts'
import { traceRules } from './trace-rules.ts'
import { canOwn, tracingTable } from './tracing-table.ts'

/** NFLOG's, which the kernel sends traces to. */
const GROUP = 0

/** `direct`: its netlink sockets can be read from here, without a program there. Throws LiveProblem where nothing works. */
export function choosePlan(facts: Facts, wish: Wish, id: string, direct: boolean): Plan {
  if (hasCapability(facts, 'CAP_NET_ADMIN') === false)
    throw new LiveProblem(
      'tracing changes the packet filter, which needs the capability CAP_NET_ADMIN; it is missing here.',
      'Run as root (sudo nfwhy trace …); in a container, give it --cap-add NET_ADMIN or run it on the host. `nfwhy doctor` shows what works without it.',
    )
  if (wish.alternatives.length === 0) throw new LiveProblem('no packet can match this filter.')
  const until = Math.floor((facts.seconds ?? Date.now() / 1000) + wish.deadline)
  if (wish.log) return { id, until, ...logged(facts, wish, id, until, direct) }
  const backend = wish.backend === 'auto' ? automatic(facts) : wish.backend
  const plan = { nft, legacy, 'xtables-nft': xtablesNft, 'kernel-log': kernelLog }[backend]
  return { id, until, ...plan(facts, wish, id, until, direct) }
}

type Made = Omit<Plan, 'id' | 'until'>
type Maker = (facts: Facts, wish: Wish, id: string, until: number, direct: boolean) => Made

function automatic(facts: Facts): Backend {
  const { nft, legacy } = sidesOf(facts)
  if (facts.nftTables || facts.nftNotLoaded) return nft || !legacy ? 'nft' : 'legacy'
  if (/nf_tables/.test(facts.versions.get('iptables') ?? '')) return 'xtables-nft'
  if (facts.programs.has('iptables')) return 'legacy'
  throw new LiveProblem(
    facts.nftRefused === undefined
      ? 'neither nft nor iptables is installed here, so tracing is impossible.'
      : `nft cannot be used here (${facts.nftRefused}), and there is no iptables.`,
  )
}

const needsNft = (facts: Facts, wish: Wish, id: string) => {
  if (facts.nftTables || facts.nftNotLoaded) return tracingTable(id, wish, facts)
  throw new LiveProblem(
    facts.nftRefused === undefined ? 'nft is not installed here.' : `nft cannot be used here: ${facts.nftRefused}.`,
  )
}

const nft: Maker = (facts, wish, id, _until, direct) => {
  const table = needsNft(facts, wish, id)
  const { nft: hasTables, legacy } = sidesOf(facts)
  const both = legacy ? legacySide(facts, wish, direct) : undefined
  const streams: Stream[] = [{ kind: 'nft-trace' }]
  const notes = [...ownerNote(table.owned)]
  if (both && 'stream' in both) {
    streams.push(both.stream)
    notes.push({
      code: 'both-backends',
      message: 'iptables-legacy has rules here too: each packet is shown once for each backend that it traverses',
    })
  } else if (both)
    notes.push({
      code: 'backend-not-shown',
      message: `iptables-legacy has rules here too, which are not shown: ${both.problem}`,
    })
  return {
    backend: 'nft',
    why: hasTables ? 'the rules are in nf_tables' : 'nft also shows packets at hooks that have no rules',
    table,
    changes: both && 'stream' in both ? both.changes : [],
    addsRules: false,
    streams,
    notes: [...notes, ...framesNotes(facts), ...(isEmpty(facts) ? [NO_RULES] : [])],
  }
}

const legacy: Maker = (facts, wish, id, until, direct) => {
  const side = legacySide(facts, wish, direct)
  if ('problem' in side) throw new LiveProblem(side.problem, side.hint)
  return legacyMade('legacy', facts, wish, id, until, [side.stream], side.changes)
}

const kernelLog: Maker = (facts, wish, id, until) => {
  const side = toKernelLog(facts)
  if ('problem' in side) throw new LiveProblem(side.problem, side.hint)
  return legacyMade('kernel-log', facts, wish, id, until, [side.stream], side.changes)
}

function legacyMade(
  backend: Backend,
  facts: Facts,
  wish: Wish,
  id: string,
  until: number,
  streams: Stream[],
  changes: Change[],
): Made {
  const made = { backend, streams, notes: [] }
  if (facts.nftTables || facts.nftNotLoaded) {
    const table = needsNft(facts, wish, id)
    const why = 'the rules are in iptables-legacy; an nft table marks the packets, so no iptables rule is changed'
    const notes = [...ownerNote(table.owned), ...(isEmpty(facts) ? [NO_RULES] : [])]
    return {
      ...made,
      why,
      table,
      changes,
      addsRules: false,
      notes,
      streams: [...streams, { kind: 'nft-trace', marks: true }],
    }
  }
  const rules = traceRules(id, wish, until, toolsOf(facts, 'legacy'))
  if (rules.length === 0) throw new LiveProblem('iptables is not installed here.')
  return {
    ...made,
    why: 'the rules are in iptables-legacy, and nft is not installed here',
    changes: [...changes, ...rules],
    addsRules: true,
    notes: [RAW_STAYS],
  }
}

const xtablesNft: Maker = (facts, wish, id, until) => {
  const rules = traceRules(id, wish, until, toolsOf(facts, 'nft'))
  if (rules.length === 0)
    throw new LiveProblem('iptables-nft (the nf_tables variant of iptables) is not installed here.')
  return {
    backend: 'xtables-nft',
    why: 'the rules are in nf_tables, made by iptables',
    changes: rules,
    addsRules: true,
    streams: [{ kind: 'nft-trace' }],
    notes: [RAW_STAYS, ...(isEmpty(facts) ? [NO_RULES] : [])],
  }
}

const logged: Maker = (facts, wish, id, until, direct) => {
  const nflog = direct || facts.programs.has('tcpdump')
  const side: Side = nflog ? { stream: { kind: 'nflog', group: LOG_GROUP }, changes: [] } : toKernelLog(facts)
  if ('problem' in side) throw new LiveProblem(side.problem, side.hint)
  const made = { streams: [side.stream], notes: [HOOKS_ONLY] }
  // of what has a logger of its own the default one is not asked
  const [load, why] = [side.changes.filter(({ undo }) => undo === undefined), '--log uses LOG rules at the hooks']
  if ((facts.nftTables || facts.nftNotLoaded) && wish.backend !== 'legacy') {
    const table = logTable(id, wish, canOwn(facts), side.stream)
    return { ...made, backend: 'nft', why, table, changes: load, addsRules: true }
  }
  const kind = wish.backend !== 'legacy' && /nf_tables/.test(facts.versions.get('iptables') ?? '') ? 'nft' : 'legacy'
  const tools = Object.entries(toolsOf(facts, kind)).map(([family, tool]) => ({
    family: family as 'ip' | 'ip6',
    tool,
    tables: (kind === 'legacy' && legacyTables(facts, family as 'ip' | 'ip6')) || ['filter'],
  }))
  const rules = logRules(id, wish, until, tools, side.stream)
  if (rules.length === 0) throw new LiveProblem('there are no iptables tables here for the LOG rules.')
  return {
    ...made,
    backend: kind === 'nft' ? 'xtables-nft' : 'legacy',
    why,
    changes: [...load, ...rules],
    addsRules: true,
  }
}

type Side = { stream: Stream; changes: Change[] } | { problem: string; hint?: string }

/** How what iptables-legacy traces comes here. */
function legacySide(facts: Facts, wish: Wish, direct: boolean): Side {
  const holder = holderOfGroup(facts, GROUP)
  if (holder !== undefined && !wish.takeOver)
    return {
      problem: `another program, perhaps ulogd2 or tcpdump (netlink port ${holder}), reads NFLOG group ${GROUP}, to which traces go.`,
      hint: 'Only one program can read this group. Either stop that program; or read its log with `nfwhy explain`; or add --take-over, which sends traces to the kernel log instead.',
    }
  if (holder !== undefined || (!direct && !facts.programs.has('tcpdump'))) return toKernelLog(facts)
  const loggers = loggersOf(facts)
  const load: Change[] =
    loggers && !loggers.includes('nfnetlink_log')
      ? [
          {
            why: 'the NFLOG kernel module is loaded (and stays loaded)',
            run: 'modprobe nfnetlink_log',
            typed: { run: command('modprobe', 'nfnetlink_log') },
          },
        ]
      : []
  return { stream: { kind: 'nflog', group: GROUP }, changes: [...load, ...loggerChanges(facts, 'nfnetlink_log')] }
}

function toKernelLog(facts: Facts): Side {
  const readable = facts.files.has('/dev/kmsg') || facts.programs.has('journalctl') || facts.programs.has('logread')
  if (!readable) return { problem: 'the kernel log cannot be read here (it needs CAP_SYSLOG, and /dev/kmsg).' }
  const elsewhere = facts.firstNamespace !== undefined && facts.namespace !== facts.firstNamespace
  if (elsewhere && facts.files.get('/proc/sys/net/netfilter/nf_log_all_netns')?.[0] === '0')
    return {
      problem:
        'the kernel log gets TRACE and LOG lines only from the initial network namespace, and this is another one.',
      hint: 'On the host itself: sysctl -w net.netfilter.nf_log_all_netns=1',
    }
  const loggers = loggersOf(facts)
  const load: Change[] =
    loggers && !loggers.includes('nf_log_ipv4')
      ? [
          {
            why: "the kernel's logger module is loaded (and stays loaded)",
            run: 'modprobe nf_log_syslog 2>/dev/null || modprobe nf_log_ipv4',
            typed: { run: orElse(command('modprobe', 'nf_log_syslog'), command('modprobe', 'nf_log_ipv4')) },
          },
        ]
      : []
  return { stream: { kind: 'kernel-log' }, changes: [...load, ...loggerChanges(facts, 'kernel log')] }
}

function toolsOf({ programs, versions }: Facts, kind: 'legacy' | 'nft'): Partial<Record<'ip' | 'ip6', string>> {
  const tools: Partial<Record<'ip' | 'ip6', string>> = {}
  for (const [family, name] of [
    ['ip', 'iptables'],
    ['ip6', 'ip6tables'],
  ] as const) {
    const isNft = /nf_tables/.test(versions.get(name) ?? '')
    if (programs.has(`${name}-${kind}`)) tools[family] = `${name}-${kind}`
    else if (programs.has(name) && isNft === (kind === 'nft')) tools[family] = name
  }
  return tools
}

const RAW_STAYS: Note = { code: 'raw-table-stays', message: 'if there was no table raw before, an empty one remains' }
const HOOKS_ONLY: Note = {
  code: 'hooks-only',
  message: 'rules are not traced: only the hooks that a packet traverses are shown',
}

const ownerNote = (owned: boolean): Note[] =>
  owned
    ? []
    : [
        {
          code: 'table-without-owner',
          message:
            'the kernel cannot delete the table when the process that created it ends (this needs Linux 5.12 and nft 0.9.9): a watchdog deletes it instead',
        },
      ]

/** What marks packets is a rule itself, and is told of. */
const NO_RULES: Note = {
  code: 'no-rules',
  message:
    'there are no rules here: packets are seen only when they come in or are sent; nfwhy infers the rest from the routes',
}

const isEmpty = (facts: Facts): boolean => {
  const { nft, legacy } = sidesOf(facts)
  return !nft && !legacy && legacyTables(facts, 'ip') !== undefined
}

/** Packets are marked at the hooks of IP; a frame may end before it comes there, or never come there. */
function framesNotes({ nftTables = [], nftHooks }: Facts): Note[] {
  const has = (family: string) => nftTables.some((name) => name.startsWith(`${family} `))
  const atIngress = nftHooks.some((line) => /^inet \S+ \w+ hook ingress\b/.test(line))
  return [
    ...(has('netdev') || atIngress
      ? [
          {
            code: 'netdev-not-traced',
            message: `there are ${has('netdev') ? 'tables of family netdev' : 'chains of family inet at ingress'}: packets that their ingress chains drop are not traced and not shown; "nfwhy doctor FILTER" says which may`,
          },
        ]
      : []),
    ...(has('bridge')
      ? [
          {
            code: 'bridge-not-traced',
            message:
              'there are tables of family bridge: only packets that the bridge passes to iptables (bridge-nf-call-iptables), or that this host sends, are traced there',
          },
        ]
      : []),
  ]
}
