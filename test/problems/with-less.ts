/**
 * A ticket seldom has all that `nfwhy collect` asks for: what is said of a problem where files are missing, judged as
 * with all of them. What is not known may not be named, but nothing may be said that is not so.
 *
 * Each problem that is played is judged with STANDING; test/corpus/kept-problems.test.ts judges problems that were kept
 * with all of LESS.
 */
import type { Exchange, Input } from '../../src/index.ts'
import { explained } from './explained.ts'
import { type Judgement, judge } from './judge.ts'
import type { Problem } from './problem.ts'
import { isKnown, WITH_LESS } from './still-wrong.ts'

const isTrace = (name: string) => /^(trace\.txt|dmesg\.log|nflog\.pcap)$/.test(name)
const isRules = (name: string) => /\.rules$|^ruleset\.nft$|^ipset\.txt$/.test(name)
const traceRulesAnd = (more: RegExp) => (name: string) => isTrace(name) || isRules(name) || more.test(name)
const without = (missing: RegExp) => (name: string) => !missing.test(name)

export const LESS: Readonly<Record<string, (name: string) => boolean>> = {
  'all files': () => true,
  'trace and rules alone': traceRulesAnd(/^$/),
  'trace, rules and addresses': traceRulesAnd(/^ip-addr/),
  'trace, rules, addresses and routes': traceRulesAnd(/^ip-(addr|route)/),
  'trace, rules and settings': traceRulesAnd(/^sysctl/),
  'trace, rules and sockets': traceRulesAnd(/^sockets/),
  'trace, rules and connections': traceRulesAnd(/^conntrack/),
  'trace, rules and neighbours': traceRulesAnd(/^ip-neigh/),
  'trace alone': isTrace,
  'no packet filter': (name) => !isRules(name),
  'no addresses': without(/^ip-addr/),
  'no routes, no rules of routing': without(/^ip-(route|rule)/),
  'no rules of routing': without(/^ip-rule/),
  'no settings': without(/^sysctl/),
  'no connections': without(/^conntrack/),
  'no neighbours': without(/^ip-neigh/),
  'no sockets': without(/^sockets/),
  'no sets of ipset': without(/^ipset/),
  'files of IPv4 alone': without(/6\.txt$|^ip6tables/),
}

const STANDING = [
  ...['trace and rules alone', 'trace, rules, addresses and routes', 'trace alone', 'no addresses'],
  ...['no routes, no rules of routing', 'no rules of routing'],
]

/** True of what the capture shows, though it is not the cause that all files together tell. */
const SHOWN = ['neighbour-failed', 'reply-by-other-uplink']
/** The same of packets that rules stopped, whose text a cause asks for and no trace alone has. */
const SHOWN_OF_RULES = ['icmp-error-dropped', 'neighbour-discovery-dropped']

export interface JudgedWithLess extends Judgement {
  exchange?: Exchange
  warnings: string[]
}

/** No fix is tried: the machine has been mended by then. */
export async function judgeWithLess(
  problem: Problem,
  inputs: readonly Input[],
  isThere: (name: string) => boolean,
  sport?: number,
): Promise<JudgedWithLess> {
  const { status, causes, alsoTrue = [] } = problem.truth
  const there = inputs.filter(({ name }) => isThere(name))
  // to whoever does not see where it was lost, no reply came
  const isLost = status.includes('lost') || status.includes('reply-lost')
  const truth = {
    ...problem.truth,
    status: isLost ? [...status, 'unanswered' as const] : status,
    alsoTrue: [
      ...alsoTrue,
      ...SHOWN,
      ...(there.some(({ name }) => isRules(name)) ? [] : SHOWN_OF_RULES),
      // that nothing listens, this host's own refusal tells as well as its sockets do
      ...(causes.some((cause) => 'code' in cause && cause.code === 'closed-port') ? ['refused-here'] : []),
    ],
  }
  const { exchange, warnings } = await explained(there, problem, sport)
  const judged = judge({ ...problem, truth }, exchange, undefined, { result: 'none' })
  return { ...judged, ...(exchange ? { exchange } : {}), warnings }
}

/** Gives what is wrong, with what was missing in front. */
export async function wrongWithLess(problem: Problem, inputs: readonly Input[], sport?: number): Promise<string[]> {
  const wrong: string[] = []
  for (const less of STANDING) {
    const judged = await judgeWithLess(problem, inputs, LESS[less]!, sport)
    wrong.push(
      ...judged.wrong.filter((said) => !isKnown(WITH_LESS, problem.name, said)).map((said) => `${less}: ${said}`),
    )
  }
  return wrong
}
