/**
 * Problems that people had, played on this kernel: is the cause named, is nothing said that is not so, does the first
 * fix restore the traffic and nothing else, and does its undo restore the rules? docs/real-problems.md has the figures.
 *
 *     NFWHY_PROBLEMS=all npx vitest run --project kernel test/problems # all, and the page anew
 *     NFWHY_PROBLEMS=docker-,kube- npx vitest run test/problems # those whose names begin so, with what is said of them
 *     NFWHY_PROBLEMS_KEEP=/tmp/kept …                          # and keeps what was collected of each, for `nfwhy explain` and test/corpus/kept-problems.test.ts
 *     NFWHY_PROBLEMS_FORMS=1 …                                 # and keeps what other commands print of the same, for test/corpus/kept-forms.test.ts
 *     NFWHY_PROBLEMS_NFLOG=1 …                                 # and traces iptables-legacy by tcpdump -i nflog
 */
import { writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { whyNoLab } from '../kernel/lab/available.ts'
import { holdLogs } from '../kernel/lab/hold-logs.ts'
import { isPlayedHere } from '../kernel/lab/lane.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { keepInputs } from './keep.ts'
import { isInShare, PROBLEMS } from './library.ts'
import { figuresOf, printPage } from './page.ts'
import { type Played, play } from './play.ts'
import type { Problem } from './problem.ts'
import { isKnown, WITH_ALL } from './still-wrong.ts'
import { isLogged } from './trace.ts'
import { wrongWithLess } from './with-less.ts'

const PAGE = new URL('../../docs/real-problems.md', import.meta.url)
const asked = process.env.NFWHY_PROBLEMS
const kept = process.env.NFWHY_PROBLEMS_KEEP
const asksForms = process.env.NFWHY_PROBLEMS_FORMS !== undefined
/** What iptables-legacy traces, by tcpdump: then nothing is said to the kernel's log. */
const nflog = process.env.NFWHY_PROBLEMS_NFLOG !== undefined
const logs = (problem: Problem) => isLogged(problem) && !nflog
const some = asked !== undefined && asked !== 'all'
/** Without being told otherwise, one in twenty. */
const SHARE = 20
const chosen = PROBLEMS.filter(({ name }) =>
  some ? asked.split(',').some((prefix) => name.startsWith(prefix)) : asked === 'all' || isInShare(name, SHARE),
).filter((one) => isPlayedHere(logs(one), asked === 'all'))
const played: Played[] = []

const reason = whyNot('nft', 'iptables-nft', 'ipset', 'ss', 'conntrack', 'dmesg', 'ping') ?? (await whyNoLab())
if (reason) console.warn(`no real problems are played: ${reason}`)

describe.skipIf(reason)('real problems', () => {
  holdLogs()

  // what nft traces is told to its own namespace alone; the kernel's log is one for all
  const [logged, traced] = [true, false].map((is) => chosen.filter((one) => logs(one) === is))
  it.concurrent.each(traced!)('$name', check)
  it.each(logged!)('$name', check)

  async function check(problem: Problem): Promise<void> {
    const one = await play(problem, { forms: asksForms, nflog })
    played.push(one)
    if (kept !== undefined) keep(join(kept, problem.name), one)
    if (some) console.info(tell(one))
    expect(one.differences, 'the data, or the lab').toEqual([])
    const { wrong } = one.judgement
    expect(wrong.filter((said) => !isKnown(WITH_ALL, problem.name, said))).toEqual([])
    // of those that the kernel's log traces, what is said with less has not been looked at yet
    if (!isLogged(problem)) expect(await wrongWithLess(problem, one.inputs, one.sport)).toEqual([])
    expect(['differs', 'refused', 'missing'], one.fix.told ?? '').not.toContain(one.fix.undo)
  }

  it.skipIf(some || chosen.length === 0)('are named, and mended by the first fix', () => {
    const { problems, named, restored } = figuresOf(played)
    console.info(`${problems} problems: ${named} named, ${restored} restored`)
    if (asked === 'all')
      writeFileSync(PAGE, printPage({ played, kernel: release(), date: new Date().toISOString().slice(0, 10) }))
    expect(named / problems).toBeGreaterThanOrEqual(FLOORS.named)
    expect(restored / problems).toBeGreaterThanOrEqual(FLOORS.restored)
  })
})

/** A bit below what was measured. */
const FLOORS = asked === 'all' ? { named: 0.85, restored: 0.7 } : { named: 0.75, restored: 0.6 }

it('a problem has a name of its own, a thread, and what mended it', () => {
  expect(new Set(PROBLEMS.map(({ name }) => name)).size).toBe(PROBLEMS.length)
  for (const { name, thread, hosts, traced, fails, mend } of PROBLEMS) {
    expect(thread.address).toMatch(/^https:\/\//)
    expect(mend.length, name).toBeGreaterThan(0)
    expect(Object.keys(hosts)).toEqual(expect.arrayContaining([traced, fails.from]))
  }
})

const tell = ({ problem, exchange, judgement, fix, warnings }: Played): string =>
  JSON.stringify(
    {
      ...{ name: problem.name, status: exchange?.status, culprit: exchange?.culprit, judgement, fix, warnings },
      findings: exchange?.findings.map(({ code, severity, message }) => `${severity} ${code}: ${message}`),
    },
    null,
    1,
  )

/** The port that it was sent from is no part of a bundle, and stands beside the folder. */
function keep(folder: string, { inputs, asked, sport, fix }: Played): void {
  keepInputs(folder, inputs)
  if (asked) writeFileSync(`${folder}.asked.json`, JSON.stringify(asked))
  writeFileSync(`${folder}.json`, JSON.stringify({ sport, fix }))
}
