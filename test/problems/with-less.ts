/**
 * A ticket seldom has all that `nfwhy collect` asks for: what is said of a problem where files are missing, judged as
 * with all of them. What is not known may not be named, but nothing may be said that is not so.
 */
import type { Input } from '../../src/index.ts'
import { explained } from './explained.ts'
import { judge } from './judge.ts'
import type { Problem } from './problem.ts'
import { isKnown, WITH_LESS } from './still-wrong.ts'

const isTrace = (name: string) => name === 'trace.txt'
const isRules = (name: string) => /\.rules$|^ruleset\.nft$|^ipset\.txt$/.test(name)

const LESS: Readonly<Record<string, (name: string) => boolean>> = {
  'trace and rules alone': (name) => isTrace(name) || isRules(name),
  'no addresses': (name) => name !== 'ip-addr.txt',
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
    wrong.push(
      ...judged.wrong.filter((said) => !isKnown(WITH_LESS, problem.name, said)).map((said) => `${less}: ${said}`),
    )
  }
  return wrong
}
