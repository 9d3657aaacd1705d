/** What is open in the page: its files as an analysis, which exchanges are listed, and every question about them. */
import { type Analysis, type Input, open } from '../../analysis/analysis.ts'
import type { Listing } from '../../analysis/listing.ts'
import { readPacket } from '../../analysis/packets.ts'
import { PlayedGroups } from '../../analysis/play-groups.ts'
import { playPackets } from '../../analysis/simulate.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { allPrintable, printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import type {
  Argument,
  Call,
  Changed,
  Listed,
  Made,
  MapOf,
  Opened,
  PacketForms,
  PageFile,
  Play,
  Played,
  Row,
  RowKey,
  RulesetOf,
  TypedPacket,
  Value,
  Wanted,
  Warning,
} from '../protocol.ts'
import { machineOf, makeChanges } from './changes.ts'
import { tellExplanation } from './explanation.ts'
import { tellMap } from './map.ts'
import { tellPacket } from './packet.ts'
import { Rows } from './rows.ts'
import { tellRulesets } from './rulesets.ts'
import { summaryLines } from './summary.ts'

/** One question's answer, of all that there are. Each throws UserError where what is asked cannot be meant. */
export type Answers = { [C in Call]: (argument: Argument<C>) => Promise<Value<C>> | Value<C> }

export class Session implements Answers {
  private analysis: Analysis | undefined
  private listing: Listing | undefined
  /** The filter of what is listed. */
  private listedBy = ''
  private rowsOf = new Rows([], undefined)

  readonly open = async (files: readonly PageFile[]): Promise<Opened> => {
    this.analysis = await open(files.map(inputOf), { unmatched: true })
    this.listing = undefined
    this.rowsOf = new Rows([], undefined)
    const { machines, files: read, warnings } = this.analysis
    return allPrintable({
      machines: machines.map(({ name = 'this machine' }) => name),
      files: read.map(({ name, format, bytes }) => ({ name, what: format, bytes })),
      warnings: warnings.map(warningOf),
      hasCapture: this.analysis.hasCapture,
    })
  }

  readonly select = async ({ filter, ...facets }: Wanted): Promise<Listed> => {
    const listing = await this.list(filter)
    this.rowsOf = new Rows(listing.groups, listing, facets)
    const { ending } = listing
    return {
      rows: this.rowsOf.size,
      summary: summaryLines(listing).map(printable),
      facets: this.rowsOf.facets,
      ...this.rowsOf.times(),
      warnings: ending.warnings.map(warningOf).map((one) => allPrintable(one)),
    }
  }

  /** The captures are read again where another filter is asked for. */
  private async list(filter: string): Promise<Listing> {
    if (this.listing && filter === this.listedBy) return this.listing
    const listing = await this.opened.listing(filter === '' ? {} : { filter })
    this.listing = listing
    this.listedBy = filter
    return listing
  }

  readonly count = (): number => this.rowsOf.size

  readonly find = (id: string): number | undefined => this.rowsOf.find(id)

  readonly rows = ({ from, to }: { from: number; to: number }): Row[] => this.rowsOf.between(from, to)

  readonly expand = (group: number): number => this.rowsOf.expand(group)

  readonly explain = (key: RowKey) => {
    const group = this.rowsOf.groupOf(key)
    if (!group || !this.listing) throw new UserError('There is no such exchange any more.')
    return tellExplanation(group, this.rowsOf.rowOf(key), this.listing.ending, this.rowsOf.replyOf(key))
  }

  readonly map = (): MapOf[] => this.opened.map().map(tellMap)

  readonly rulesets = async (changed: Changed | undefined): Promise<RulesetOf[]> => {
    const { machines } = this.opened
    const groups = this.listing?.groups ?? []
    if (!changed || changed.changes.length === 0) return tellRulesets(machines, groups)
    const of = machineOf(machines, changed.machine)
    const { world } = await makeChanges(of.world, changed.changes)
    return tellRulesets(
      machines.map((one) => (one === of ? { ...one, world } : one)),
      groups,
      { changed: of.name },
    )
  }

  readonly play = async ({ packet, changes, machine }: Play): Promise<Played> => {
    const { world, made } = await makeChanges(machineOf(this.opened.machines, machine).world, changes)
    const read = typeof packet === 'string' ? readPacket(packet) : packet
    const warnings: Diagnostic[] = []
    const played = new PlayedGroups()
    for (const one of playPackets(world, [read], warnings, { unmatched: true })) played.take(one)
    played.tellExchanges()
    const group = played.groups[0]!
    const ending = { inputs: [], warnings, stats: { bytes: 0, events: 0, journeys: 1, skipped: 0, lost: 0 } }
    const told = tellExplanation(group, new Rows([group], undefined).rowOf({ group: 0 }), ending)
    return {
      explanation: { ...told, ...(machine === undefined ? {} : { machine }) },
      made,
      warnings: warnings.map(warningOf).map((one) => allPrintable(one)),
    }
  }

  readonly change = async ({ changes, machine }: Changed): Promise<Made[]> =>
    (await makeChanges(machineOf(this.opened.machines, machine).world, changes)).made

  readonly packet = (typed: TypedPacket): PacketForms => tellPacket(typed)

  private get opened(): Analysis {
    if (!this.analysis) throw new UserError('No file is open.')
    return this.analysis
  }
}

function inputOf({ name, folders, as, ...content }: PageFile): Input {
  const named = { name, ...(folders ? { folders } : {}), ...(as === undefined ? {} : { as }) }
  if ('bytes' in content) return { ...named, bytes: content.bytes }
  const { size, part } =
    'url' in content
      ? { size: content.size, part: (from: number, to: number) => fetched(name, content.url, from, to) }
      : { size: content.file.size, part: (from: number, to: number) => content.file.slice(from, to).arrayBuffer() }
  return { ...named, size, blocks: () => blocksOf(size, part) }
}

/** Bytes that are read at once. */
const BLOCK = 1 << 22

async function* blocksOf(size: number, part: (from: number, to: number) => Promise<ArrayBuffer>) {
  for (let at = 0; at < size; at += BLOCK) yield new Uint8Array(await part(at, Math.min(size, at + BLOCK)))
}

/** Throws UserError where the server has ended. */
async function fetched(name: string, url: string, from: number, to: number): Promise<ArrayBuffer> {
  const response = await fetch(url, { headers: { range: `bytes=${from}-${to - 1}` } }).catch(() => undefined)
  if (!response?.ok) throw new UserError(`${printable(name)} cannot be read any more: nfwhy serve has ended.`)
  return response.arrayBuffer()
}

const warningOf = ({ input, line, message }: Diagnostic): Warning => ({
  place: line === undefined ? input : `${input}:${line}`,
  message,
})
