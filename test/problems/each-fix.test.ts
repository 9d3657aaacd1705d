/**
 * A report shows more fixes than the first: of some problems each one that is said to have helped on the model is
 * applied, tried with what failed, and undone.
 *
 *     NFWHY_EACH_FIX=docker-,kube- npx vitest run test/problems/each-fix.test.ts # of others
 */
import { describe, expect, it } from 'vitest'
import { whyNoLab } from '../kernel/lab/available.ts'
import { holdLogs } from '../kernel/lab/hold-logs.ts'
import { isPlayedHere } from '../kernel/lab/lane.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { PROBLEMS } from './library.ts'
import { play } from './play.ts'
import type { Problem } from './problem.ts'
import { isLogged } from './trace.ts'

/** Each has several fixes, of several kinds: rules, policies, routes, settings. */
const NAMES = [
  'second-uplink-has-a-strict-filter-and-no-rule',
  'stateless-gateway-drops-what-answers-to-a-low-port',
  'klipper-takes-the-port-for-a-part-of-the-address',
  'gluon-source-filter-lacks-the-prefix-of-the-domain',
  'docker-drops-direct-requests-in-raw-and-in-filter',
  'incus-acl-puts-what-drops-before-what-accepts',
]
const asked = process.env.NFWHY_EACH_FIX?.split(',')
const chosen = PROBLEMS.filter(({ name }) => (asked ?? NAMES).some((prefix) => name.startsWith(prefix))).filter((one) =>
  isPlayedHere(isLogged(one)),
)

const reason = whyNot('nft', 'iptables-nft', 'ipset', 'ss', 'conntrack', 'dmesg', 'ping') ?? (await whyNoLab())
if (reason) console.warn(`no fixes are tried: ${reason}`)

it('are fixes of problems that there are', () => {
  expect(NAMES.filter((name) => !PROBLEMS.some((one) => one.name === name))).toEqual([])
})

describe.skipIf(reason || chosen.length === 0)('each fix that is said to help', () => {
  holdLogs()

  const [logged, traced] = [true, false].map((is) => chosen.filter((one) => isLogged(one) === is))
  it.concurrent.each(traced!)('$name', check)
  it.each(logged!)('$name', check)

  async function check(problem: Problem): Promise<void> {
    const { each } = await play(problem, { each: true })
    if (asked) console.info(JSON.stringify({ name: problem.name, each }, null, 1))
    expect(each.filter(({ result }) => result === 'not restored' || result === 'refused by the tool')).toEqual([])
    expect(each.filter(({ undo }) => undo !== undefined && undo !== 'restores')).toEqual([])
  }
})
