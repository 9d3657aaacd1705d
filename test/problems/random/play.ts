/** A random world on the kernel: everything sent, what is said of each exchange held against what its sender saw. */
import { build, listen } from '../../../src/demo/build.ts'
import type { Seen, Sending } from '../../../src/demo/incident.ts'
import { Lab } from '../../../src/demo/lab.ts'
import { Sender } from '../../../src/demo/send.ts'
import { type Exchange, type Input, open, printCommand } from '../../../src/index.ts'
import { type ExchangeStatus, isFailed } from '../../../src/model/exchange.ts'
import type { PrintedFix } from '../../../src/model/journey.ts'
import type { Packet } from '../../../src/model/packet.ts'
import { firstFix, isOf } from '../explained.ts'
import { claims } from '../judge.ts'
import { demoBackend, shellOf, words } from '../play.ts'
import { settingsOf, startTrace, stateOf } from '../trace.ts'
import type { RandomWorld } from './world.ts'

export interface Told {
  sending: Sending
  seen: Seen
  /** Absent: nothing is said of it. */
  exchange?: Exchange
}

export interface PlayedWorld {
  world: RandomWorld
  told: Told[]
  wrong: string[]
  warnings: string[]
  /** First fixes that were typed on the machine: what the sender saw then. */
  fixes: { command: string; seen: Seen; claims: boolean }[]
  inputs: Input[]
}

/** What may be said where the sender saw that; `undetermined` always may. */
const TRUE: Readonly<Record<Seen, readonly ExchangeStatus[]>> = {
  answered: ['answered'],
  // a rule that rejects answers in the place of who was asked
  refused: ['refused', 'rejected'],
  unreachable: ['rejected', 'refused', 'lost'],
  // what was rejected or refused may be lost on its way back
  nothing: ['dropped', 'rejected', 'lost', 'reply-lost', 'unanswered', 'queued'],
}

/** First fixes that are tried of one world. */
const MOST_FIXES = 2

export async function playWorld(world: RandomWorld): Promise<PlayedWorld> {
  const lab = await Lab.open(Object.keys(world.hosts))
  try {
    return await new Stage(lab, world).play()
  } finally {
    await lab.close()
  }
}

class Stage {
  private readonly lab: Lab
  private readonly world: RandomWorld
  private readonly sender: Sender
  private readonly wrong: string[] = []
  private isListening = false

  constructor(lab: Lab, world: RandomWorld) {
    this.lab = lab
    this.world = world
    this.sender = new Sender(lab)
  }

  async play(): Promise<PlayedWorld> {
    const { lab, world } = this
    await build(lab, { ...world, backend: demoBackend(world) })
    for (const [host, argv] of world.watched) await lab.ask(host, { do: 'watch', name: 'program', argv })
    for (const [host, command] of world.setup) await lab.must(host, ['sh', '-c', command])
    const trace = await startTrace(lab, world)
    const sent: { sending: Sending; seen: Seen; sport?: number }[] = []
    for (const sending of world.sendings) sent.push(await this.sender.send(sending, 'nothing'))
    const inputs = [...(await trace.stop()), ...(await stateOf(lab, world.traced))]
    const analysis = await open(inputs)
    const { exchanges, ending } = await analysis.exchanges()
    const told = sent.map(({ sending, seen, sport }): Told => {
      const exchange = exchanges.find(
        ({ asked }) =>
          isOf(asked, sending) &&
          (sending.what === 'ping' ? isEcho(asked) && this.isFrom(asked, sending.from) : asked.sport === sport),
      )
      return { sending, seen, ...(exchange ? { exchange } : {}) }
    })
    for (const one of told) await this.judge(one)
    const fixes = await this.tryFixes(told)
    const warnings = ending.warnings.map(({ input, code, message }) => `${input}: ${code}: ${message}`)
    return { world, told, wrong: this.wrong, warnings, fixes, inputs }
  }

  private isFrom({ src }: Packet, host: string): boolean {
    const addresses = Object.values(this.world.hosts[host]!.addresses ?? {}).flat()
    return addresses.some((one) => one.split('/')[0] === src)
  }

  private async judge(one: Told): Promise<void> {
    const { sending, exchange } = one
    if (!exchange && (one.seen === 'answered' || one.seen === 'refused'))
      this.wrong.push(`${words(sending)}: ${one.seen}, and not told of`)
    if (!exchange || exchange.status === 'undetermined') return
    // a connection that began and was stopped later: its sender saw how it began
    const hasBegun = exchange.journeys.replies.length > 0 && isFailed(exchange.status)
    const isTrue = () =>
      TRUE[one.seen].includes(exchange.status) || (one.seen === 'answered' && sending.what === 'tcp' && hasBegun)
    // what has to be looked for first, as a neighbour, may come when its sender has given up
    if (!isTrue() && one.seen === 'nothing') one.seen = (await this.sender.send(sending, 'answered')).seen
    if (isTrue()) return
    const { seen } = one
    this.wrong.push(`${words(sending)}: ${exchange.status} (#${exchange.id}), but its sender saw: ${seen}`)
  }

  private async tryFixes(told: readonly Told[]): Promise<PlayedWorld['fixes']> {
    const fixes: PlayedWorld['fixes'] = []
    for (const { sending, seen, exchange } of told) {
      // what only might be wrong is no claim
      const fix = exchange && isFailed(exchange.status) && seen !== 'answered' ? firstFix(exchange) : undefined
      if (!fix?.command || fixes.length >= MOST_FIXES) continue
      // a rule that was put back has another handle
      const rules = rulesNamed(printCommand(fix.command))
      if (rules.every((rule) => !fixes.some(({ command }) => rulesGone(command).includes(rule))))
        fixes.push(await this.tryFix(sending, fix))
    }
    return fixes
  }

  private async tryFix(sending: Sending, fix: PrintedFix): Promise<PlayedWorld['fixes'][number]> {
    const { lab, world } = this
    const command = printCommand(fix.command!)
    const says = (what: string) => this.wrong.push(`${words(sending)}: ${command}: ${what}`)
    const before = await settingsOf(lab, world.traced)
    const { status, err } = await shellOf(lab, world, world.traced, command)
    if (status !== 0) {
      says(`refused by the tool: ${err.trim()}`)
      return { command, seen: 'nothing', claims: false }
    }
    let { seen } = await this.sender.send(sending, 'nothing')
    // where it has no way back, no command here helps; nobody listens there: who was asked says so himself
    const isWrong = () =>
      world.known && claims(fix) && !mayComeFromElsewhere(fix) && seen !== 'answered' && seen !== 'refused'
    if (isWrong()) {
      // unless that is lost, or its address is nobody's: what no input tells
      await this.letAllListen()
      seen = (await this.sender.send(sending, 'answered')).seen
    }
    if (isWrong()) says(`${fix.after} with the model, but ${seen}`)
    if (fix.undo) {
      const undo = printCommand(fix.undo)
      const back = await shellOf(lab, world, world.traced, undo)
      if (back.status !== 0) says(`its undo is refused: ${undo}: ${back.err.trim()}`)
      else if ((await settingsOf(lab, world.traced)) !== before) says(`its undo does not restore the settings: ${undo}`)
    }
    return { command, seen, claims: claims(fix) }
  }

  /** Every program that anybody may be asked for, bound to the address, and every address that was nobody's. */
  private async letAllListen(): Promise<void> {
    if (this.isListening) return
    this.isListening = true
    const { lab, world } = this
    for (const [host] of world.watched) await lab.ask(host, { do: 'stop', name: 'program', quiet: 0 })
    // deprecated: nobody takes it for a source
    const how = world.family === 'ip6' ? '128 preferred_lft 0 nodad' : '32'
    for (const [host, address] of world.nobody)
      await lab.must(host, ['sh', '-c', `ip addr add dev eth0 ${address}/${how}`])
    const own = Object.entries(world.hosts).flatMap(([host, { addresses = {} }]) =>
      Object.values(addresses)
        .flat()
        .map((one) => [host, one.split('/')[0]!] as const),
    )
    // one is there already
    for (const [host, address] of [...own, ...world.nobody])
      for (const protocol of ['tcp', 'udp'] as const)
        for (const port of world.ports) await listen(lab, host, { protocol, address, port }).catch(() => {})
  }
}

const rulesGone = (command: string): string[] =>
  command.match(/(?<=(?:delete|replace) rule )\S+ \S+ \S+ handle \d+/g) ?? []

/** Those that it names, as the place of another, too. */
const rulesNamed = (command: string): string[] =>
  command.match(/(?<=(?:delete|replace|insert|add) rule )\S+ \S+ \S+ handle \d+/g) ?? []

/** Whether a program of UDP's sees to it that it replies from the address that was asked, no input tells. */
const mayComeFromElsewhere = ({ note }: PrintedFix) => note?.includes('bound to no address') === true

const isEcho = ({ icmpType }: Packet): boolean => icmpType === 8 || icmpType === 128
