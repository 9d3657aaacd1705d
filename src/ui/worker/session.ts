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
  Listed,
  MapOf,
  Opened,
  PageFile,
  Play,
  Played,
  Row,
  RowKey,
  RulesetOf,
  Value,
  Wanted,
  Warning,
} from '../protocol.ts'
import { tellExplanation } from './explanation.ts'
import { tellMap } from './map.ts'
import { Rows } from './rows.ts'
import { tellRulesets } from './rulesets.ts'
import { servedBlocks } from './served-file.ts'
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
    return tellExplanation(group, this.rowsOf.rowOf(key), this.listing.ending)
  }

  readonly map = (): MapOf[] => this.opened.map().map(tellMap)

  readonly rulesets = (): RulesetOf[] => tellRulesets(this.opened.machines, this.listing?.groups ?? [])

  readonly play = async ({ packet, changes, machine }: Play): Promise<Played> => {
    let analysis = this.opened
    const where = machine === undefined ? {} : { machine }
    for (const { command } of changes) analysis = await analysis.apply(command, where)
    const { world } =
      machine === undefined ? analysis.machines[0]! : analysis.machines.find(({ name }) => name === machine)!
    const read = typeof packet === 'string' ? readPacket(packet) : packet
    const warnings: Diagnostic[] = []
    const played = new PlayedGroups()
    for (const one of playPackets(world, [read], warnings, { unmatched: true })) played.take(one)
    played.tellExchanges()
    const group = played.groups[0]!
    const ending = { inputs: [], warnings, stats: { bytes: 0, events: 0, journeys: 1, skipped: 0, lost: 0 } }
    return { explanation: tellExplanation(group, new Rows([group], undefined).rowOf({ group: 0 }), ending) }
  }

  private get opened(): Analysis {
    if (!this.analysis) throw new UserError('No file is open.')
    return this.analysis
  }
}

function inputOf(file: PageFile): Input {
  const { name } = file
  if ('url' in file) {
    const { folders, as, size, url } = file
    return { name, folders, ...(as === undefined ? {} : { as }), size, blocks: () => servedBlocks(name, url, size) }
  }
  // of a folder that was dropped
  const folders = name.split('/').slice(0, -1)
  if ('bytes' in file) return { name, folders, bytes: file.bytes }
  return { name, folders, size: file.file.size, blocks: () => blocksOf(file.file) }
}

/** Bytes that are read at once. */
const BLOCK = 1 << 22

async function* blocksOf(file: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += BLOCK) yield new Uint8Array(await file.slice(at, at + BLOCK).arrayBuffer())
}

const warningOf = ({ input, line, message }: Diagnostic): Warning => ({
  place: line === undefined ? input : `${input}:${line}`,
  message,
})
