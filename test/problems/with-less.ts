/**
 * A ticket seldom has all that `nfwhy collect` asks for: what is said of a problem where files are missing, judged as
 * with all of them. What is not known may not be named, but nothing may be said that is not so.
 */
import type { Input } from '../../src/index.ts'
import { explained } from './explained.ts'
import { judge } from './judge.ts'
import type { Problem } from './problem.ts'

const isTrace = (name: string) => name === 'trace.txt' || name === 'dmesg.log'
const isRules = (name: string) => /\.rules$|^ruleset\.nft$|^ipset\.txt$/.test(name)

const LESS: Readonly<Record<string, (name: string) => boolean>> = {
  'trace and rules alone': (name) => isTrace(name) || isRules(name),
  'no addresses': (name) => name !== 'ip-addr.txt',
}

/**
 * What is known to be said then and is not so, by the beginning of the statement: it is to become empty. Rules seem to
 * be the cause where only a setting, a route or a neighbour tells that they are not.
 */
const STILL_WRONG: Readonly<Record<string, readonly string[]>> = {
  'server-has-a-prefix-wider-than-its-link': ['status answered'],
  'yunohost-vpn-drops-solicitation': ['status answered'],
  'tailscale-stateful-filter-takes-lan-to-wan': ['warning mark-missing'],
  'kube-bridge-nf-call-off-nft': ['warning mark-missing', 'warning not-masqueraded'],
  'openclash-marks-ipv6-that-nobody-takes': ['warning never-reached'],
  'ovn-egress-guard-drops-a-pod-without-translation': ['warning snat-skipped'],
  'one-deploy-new-port-waits-for-the-spanning-tree': ['error several-causes'],
  'kubevirt-guest-learned-at-the-other-port': ['error vanished-no-route'],
}

/** True of what the capture shows, though it is not the cause that all files together tell. */
const SHOWN: ReadonlySet<string> = new Set(['neighbour-failed', 'reply-by-other-uplink'])

/** Gives what is wrong, with what was missing in front. No fix is tried: the machine has been mended by then. */
export async function wrongWithLess(problem: Problem, inputs: readonly Input[], sport?: number): Promise<string[]> {
  const { status, alsoTrue = [] } = problem.truth
  // to whoever does not see where it was lost, no reply came
  const isLost = status.includes('lost') || status.includes('reply-lost')
  const truth = {
    ...problem.truth,
    status: isLost ? [...status, 'unanswered' as const] : status,
    alsoTrue: [...alsoTrue, ...SHOWN],
  }
  const wrong: string[] = []
  for (const [less, isThere] of Object.entries(LESS)) {
    const { exchange } = await explained(
      inputs.filter(({ name }) => isThere(name)),
      problem,
      sport,
    )
    const judged = judge({ ...problem, truth }, exchange, undefined, { result: 'none' })
    wrong.push(...judged.wrong.filter((said) => !isKnown(problem.name, said)).map((said) => `${less}: ${said}`))
  }
  return wrong
}

const isKnown = (problem: string, said: string): boolean =>
  (STILL_WRONG[problem] ?? []).some((start) => said.startsWith(start))
