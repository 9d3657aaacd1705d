/** A problem from beginning to end: built, sent, traced, explained; the first fix applied and undone; then what mended it. */
import { setTimeout } from 'node:timers/promises'
import { build } from '../../src/demo/build.ts'
import type { Seen, Sending } from '../../src/demo/incident.ts'
import { Lab } from '../../src/demo/lab.ts'
import { Sender } from '../../src/demo/send.ts'
import { toolsFor } from '../../src/demo/tools.ts'
import { type Exchange, type Input, printCommand } from '../../src/index.ts'
import type { PrintedFix } from '../../src/model/journey.ts'
import { explained, firstFix } from './explained.ts'
import { type Asked, askedOf } from './forms/asked.ts'
import { type Judgement, judge } from './judge.ts'
import type { Line, Problem } from './problem.ts'
import { settingsOf, startTrace, stateOf, traceBeside } from './trace.ts'

export interface Played {
  problem: Problem
  exchange?: Exchange
  /** The port that what fails was sent from. */
  sport?: number
  judgement: Judgement
  fix: FixTried
  /** Of each fix that was tried on the model and helped there, where that was asked for. */
  each: FixTried[]
  /** What is not as the data says: then the data is wrong, or the lab. */
  differences: string[]
  /** For whoever looks into it. */
  inputs: Input[]
  /** The same as other commands print it, where that was asked for. */
  asked?: Asked
  warnings: string[]
}

export interface Asking {
  /** Not the first fix alone, but all that are said to have helped on the model, one after the other. */
  each?: boolean
  /** Other commands are asked for the same facts (forms/asked.ts). */
  forms?: boolean
  /** What iptables-legacy traces goes to tcpdump instead of the kernel's log. */
  nflog?: boolean
}

export interface FixTried {
  command?: string
  /** `none`: nothing is proposed that a person could type. */
  result: 'restored' | 'not restored' | 'something else changed' | 'refused by the tool' | 'none'
  told?: string
  /** Does the undo restore the settings? Absent: nothing was applied, or it has none. */
  undo?: 'restores' | 'differs' | 'refused' | 'missing'
}

export async function play(problem: Problem, asking: Asking = {}): Promise<Played> {
  const lab = await Lab.open(Object.keys(problem.hosts))
  try {
    return await new Stage(lab, problem).play(asking)
  } finally {
    await lab.close()
  }
}

/** Lines that only one of them has. */
function differenceOf(before: string, after: string): string {
  const [had, has] = [before.split('\n'), after.split('\n')]
  const [gone, come] = [had.filter((line) => !has.includes(line)), has.filter((line) => !had.includes(line))]
  return [...gone.map((line) => `- ${line}`), ...come.map((line) => `+ ${line}`)].join('\n')
}

export const demoBackend = ({ backend }: Pick<Problem, 'backend'>) =>
  backend === 'nft' ? 'nft' : backend === 'iptables-nft' ? 'xtables-nft' : 'legacy'

class Stage {
  private readonly lab: Lab
  private readonly problem: Problem
  private readonly sender: Sender
  private readonly differences: string[] = []

  constructor(lab: Lab, problem: Problem) {
    this.lab = lab
    this.problem = problem
    this.sender = new Sender(lab)
  }

  async play(asking: Asking): Promise<Played> {
    const { lab, problem } = this
    const { hosts, links, traced, setup = [], earlier, fails, seen, others, mend } = problem
    await build(lab, { hosts, links, backend: demoBackend(problem) })
    for (const line of setup) await this.must(line)
    for (const sending of earlier?.sendings ?? []) await this.send(sending, 'nothing')
    for (const line of earlier?.change ?? []) await this.must(line)
    for (const other of others) await this.expect(other.sending, other.seen, 'other traffic')

    const trace = await startTrace(lab, problem, asking.nflog)
    const beside = asking.forms ? await traceBeside(lab, problem) : undefined
    const sport = await this.expect(fails, seen, 'what fails')
    const capture = await trace.stop()
    const printed = await beside?.stop()
    const inputs = [...capture, ...(await stateOf(lab, traced))]
    const asked = printed && { ...printed, ...(await askedOf(lab, traced)) }
    const { exchange, claimed, warnings } = await explained(inputs, problem, sport)

    const first = exchange && firstFix(exchange)
    const fix = await this.tryFix(first)
    const each: FixTried[] = []
    for (const one of asking.each ? claimed : []) {
      // an entry of what was sent before goes on as it began
      await lab.run(traced, ['conntrack', '-F'])
      each.push(await this.tryFix(one))
    }
    for (const line of mend) await this.must(line)
    await this.untilItShows()
    // nothing is known to mend it: what does not come would be waited for
    if (mend.length > 0) await this.expect(fails, 'answered', 'after what mended it')
    const judgement = judge(problem, exchange, first, fix)
    return {
      problem,
      ...(exchange ? { exchange } : {}),
      ...(sport !== undefined ? { sport } : {}),
      judgement,
      fix,
      each,
      differences: this.differences,
      inputs,
      ...(asked ? { asked } : {}),
      warnings,
    }
  }

  private async send(sending: Sending, hope: Seen): Promise<Seen> {
    return (await this.sender.send(sending, hope)).seen
  }

  /** Gives the port that it was sent from. */
  private async expect(sending: Sending, hope: Seen, what: string): Promise<number | undefined> {
    const { seen, sport } = await this.sender.send(sending, hope)
    if (seen !== hope) this.differences.push(`${what} (${words(sending)}): ${seen} in place of ${hope}`)
    return sport
  }

  private async must([host, command]: Line): Promise<void> {
    const { status, err, out } = await this.shell(host, command)
    if (status !== 0) throw new Error(`${this.problem.name}: ${host}$ ${command}: ${err || out}`)
  }

  private untilItShows(): Promise<void> {
    return setTimeout(1000 * (this.problem.showsAfter ?? 0))
  }

  /** While a neighbour is still asked for, a packet is held for it, and lost with the last question: a person would just try again. */
  private async untilNobodyIsAsked(): Promise<void> {
    const hosts = Object.keys(this.problem.hosts)
    for (let tries = 0; tries < MOST_ASKED; tries++) {
      const asked = await Promise.all(
        hosts.map((host) => this.lab.run(host, ['ip', 'neigh', 'show', 'nud', 'incomplete'])),
      )
      if (asked.every(({ out }) => out.trim() === '')) return
      await setTimeout(ASKED_MS)
    }
  }

  private shell(host: string, command: string) {
    return shellOf(this.lab, this.problem, host, command)
  }

  private async tryFix(fix: PrintedFix | undefined): Promise<FixTried> {
    const { lab, problem } = this
    const { traced, fails, others } = problem
    if (!fix?.command) return { result: 'none' }
    const command = printCommand(fix.command)
    const before = await settingsOf(lab, traced)
    const { status, err } = await this.shell(traced, command)
    if (status !== 0) return { command, result: 'refused by the tool', told: err.trim() }
    await this.untilNobodyIsAsked()
    await this.untilItShows()
    const tried = await this.look(command, fails, others)
    if (!fix.undo) return { ...tried, ...((await settingsOf(lab, traced)) === before ? {} : { undo: 'missing' }) }
    const back = await this.shell(traced, printCommand(fix.undo))
    if (back.status !== 0) return { ...tried, undo: 'refused' }
    const after = await settingsOf(lab, traced)
    return after === before
      ? { ...tried, undo: 'restores' }
      : { ...tried, undo: 'differs', told: differenceOf(before, after) }
  }

  private async look(command: string, fails: Sending, others: Problem['others']): Promise<FixTried> {
    const seen = await this.send(fails, 'answered')
    if (seen !== 'answered') return { command, result: 'not restored', told: seen }
    const changed: string[] = []
    for (const { sending, seen: known, either } of others) {
      const now = await this.send(sending, known)
      if (now !== known && !(either && now === 'answered')) changed.push(`${words(sending)}: ${known} → ${now}`)
    }
    return changed.length > 0
      ? { command, result: 'something else changed', told: changed.join('; ') }
      : { command, result: 'restored' }
  }
}

/** Three questions, a second apart (mcast_solicit, retrans_time_ms). */
const MOST_ASKED = 20
const ASKED_MS = 200

/** As a person types it: `iptables` is the one of this backend, and with rules of nft's alone the machine's own. */
export function shellOf(lab: Lab, problem: Pick<Problem, 'backend'>, host: string, command: string) {
  if (problem.backend === 'nft') return lab.run(host, ['sh', '-c', command])
  const { v4, v6 } = toolsFor(demoBackend(problem))
  return lab.run(host, ['sh', '-c', `iptables() { ${v4} "$@"; }\nip6tables() { ${v6} "$@"; }\n${command}`])
}

export const words = (sending: Sending): string =>
  `${sending.from}: ${sending.what} ${sending.to}${sending.what === 'ping' ? '' : ` ${sending.port}`}`
