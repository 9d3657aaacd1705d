/** A place's rules and state, asked with the very sections that `collect` has; and asked again for the rules when these change. */
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Drop } from '../model/host.ts'
import { printable } from '../model/printable.ts'
import type { Rule } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { COLLECTED } from '../read/host/collected.ts'
import { HEAD_BYTES, recognise } from '../read/recognise.ts'
import { WorldBuilder, withoutShown } from '../read/world.ts'
import { gather, isNote, isUnread } from './collect/gather.ts'
import { answerLine } from './collect/list.ts'
import { TRACE } from './limits.ts'
import type { Plan } from './plan.ts'
import { LiveProblem } from './problem.ts'
import { NOTES, SECTIONS, type Section, sectionsTagged } from './script/index.ts'
import type { TraceHost } from './trace-host.ts'

/** In a bundle, the session's own table, which no listing from before it has. */
const OWN_FILE = 'nfwhy-trace.nft'

/** Counters and dates, in the words of iptables-save, nft and its JSON; elements of sets that come and go by themselves. */
const COUNTED =
  /^#.*$|\[\d+:\d+\]|\bpackets \d+ bytes \d+|"(?:packets|bytes)": ?\d+|\b(?:timeout|expires) [\dsmhd]+|"expires": ?\d+/gm

/** From the beginning of time on, in whatever zone. */
const INERT = /\bmeta time "(?:1969-12-31|1970-01-01) [\d:]+"-"/

const RULE_FILES = new Set(sectionsTagged('ruleset').map(({ file }) => file))

export class StateReader {
  readonly place: TraceHost
  /** By their names in a bundle. */
  readonly files = new Map<string, Uint8Array>()
  /** Packets that the kernel says it drops, where it is asked. */
  drops: Drop[] | undefined
  /** Of iptables-legacy and nf_tables. */
  tracesBoth = false
  warnings: readonly Diagnostic[] = []
  /** The rules were others the last time that they were read. */
  rulesChanged = false
  /** Listings of rules that could not be read, or not in full: what they are of, and why. */
  unreadRules: readonly string[] = []
  /** Listings of rules that had nothing in them: what is said of each. */
  private readonly empty = new Map<string, string>()
  private readonly ownComment: string
  /** The session's own table, as nft lists it: its coming and going are no change of the rules. */
  private readonly ownTable: RegExp
  private readonly ending: AbortSignal | undefined

  /** Of the session that is to trace it. `ending`: aborted, it is not asked any more. */
  constructor(place: TraceHost, { id, table }: Pick<Plan, 'id' | 'table'>, ending?: AbortSignal) {
    this.place = place
    this.ending = ending
    this.ownComment = `--comment ${id} `
    this.ownTable = new RegExp(`^table inet ${id} \\{[^]*?^\\}\n*`, 'm')
    const own = table?.commands ?? []
    if (own.length > 0) this.files.set(OWN_FILE, new TextEncoder().encode(`${own.join('\n')}\n`))
  }

  /** Rules and host state. Throws LiveProblem where nothing came back. */
  async read(): Promise<World> {
    const before = this.rulesText()
    await this.ask(SECTIONS)
    this.rulesChanged = this.rulesText() !== before
    return this.build()
  }

  /** The rules alone; the rest is kept. Undefined where they are what they were, but for what they have counted. */
  async readRules(): Promise<World | undefined> {
    const before = this.rulesText()
    await this.ask(sectionsTagged('ruleset'))
    this.rulesChanged = this.rulesText() !== before
    return this.rulesChanged ? this.build() : undefined
  }

  /** nft lists a rule of iptables-nft without its comment, but with the time at which it becomes inert. */
  private isOwn({ text }: Rule): boolean {
    const traces = text.includes(' -j TRACE') || text.includes('nftrace set 1')
    return traces && (text.includes(this.ownComment) || INERT.test(text))
  }

  private rulesText(): string {
    const texts = [...this.ruleFiles].map(([name, bytes]) => {
      const text = new TextDecoder().decode(bytes).replace(this.ownTable, '').replaceAll(COUNTED, '')
      // a list with nothing but that is as good as none
      return text.trim() === '' ? '' : `${name}\n${text}`
    })
    return texts.join('\n').trim()
  }

  get ruleFiles(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.files].filter(([name]) => RULE_FILES.has(name)))
  }

  /** All others. */
  get stateFiles(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.files].filter(([name]) => !RULE_FILES.has(name)))
  }

  private async ask(sections: readonly Section[]): Promise<void> {
    const { about, answers, broken } = await gather(this.place, sections, TRACE, this.ending)
    if (broken !== undefined)
      throw new LiveProblem(`${this.place.name}: its rules could not be read to the end.`, broken)
    // other notes are for people; this one says whose machine it is, and what is there in part
    const cut = answers.filter((one) => one.word === 'cut' && !isNote(one)).map(answerLine)
    // as it was before a session's own table came into it
    for (const one of answers)
      if (one.word === 'empty' && one.section.tag === 'ruleset') this.empty.set(one.section.file, answerLine(one))
    const lines = [COLLECTED, about.trim(), ...cut, ...this.empty.values(), '']
    this.files.set(NOTES, new TextEncoder().encode(lines.join('\n')))
    this.unreadRules = answers
      .filter((one) => one.section.tag === 'ruleset' && isUnread(one))
      .map(({ section, remark }) => `${section.what} (${printable(remark) || 'no reason given'})`)
    for (const answer of answers) {
      if (isNote(answer)) continue
      const { section, bytes } = answer
      if (bytes.length > 0) this.files.set(section.file, bytes)
      else this.files.delete(section.file)
    }
  }

  private async build(): Promise<World> {
    const builder = new WorldBuilder()
    for (const [name, bytes] of this.files) {
      const text = new TextDecoder().decode(bytes)
      const recognised = recognise(text.slice(0, HEAD_BYTES))
      if (!recognised || recognised.kind === 'capture') continue
      await recognised.format.load?.()
      builder.add(`${this.place.name}: ${name}`, text, recognised)
    }
    for (const { chains } of builder.world.tables)
      for (const { rules } of chains.values()) for (const rule of rules) if (this.isOwn(rule)) rule.own = true
    if (this.drops) builder.world.host.drops = this.drops
    if (this.tracesBoth) builder.world.tracedBoth = true
    this.warnings = withoutShown(builder.warnings, builder.world.tables)
    return builder.world
  }
}
