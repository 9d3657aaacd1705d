/** What is open in the page: its files as an analysis, which exchanges are listed, and every question about them. */
import { type Analysis, type Input, type MachineInfo, open } from '../../analysis/analysis.ts'
import type { Replay } from '../../analysis/closed-journey.ts'
import type { Group } from '../../analysis/groups.ts'
import type { Listing } from '../../analysis/listing.ts'
import { readPacket } from '../../analysis/packets.ts'
import { PlayedGroups } from '../../analysis/play-groups.ts'
import { playPackets } from '../../analysis/simulate.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { allPrintable, printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import type { World } from '../../model/world.ts'
import { warningWords } from '../../reports/warning-words.ts'
import type { Completion } from '../completion.ts'
import type {
  Argument,
  Call,
  Change,
  Changed,
  Compared,
  ExportForm,
  Follow,
  Followed,
  Listed,
  Looked,
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
} from '../protocol.ts'
import type { SeenValues } from './complete.ts'
import { tellExplanation } from './explanation.ts'
import { tellMap } from './map.ts'
import { tellPacket } from './packet.ts'
import { warningsOnPage } from './page-words.ts'
import { tellRow } from './row.ts'
import { Rows } from './rows.ts'
import { tellRulesets } from './rulesets.ts'
import { grownBlocks, servedBlocks } from './served-file.ts'
import { listedOf, openedOf } from './tell.ts'

/** One question's answer, of all that there are. Each throws UserError where what is asked cannot be meant. */
export type Answers = { [C in Call]: (argument: Argument<C>) => Promise<Value<C>> | Value<C> }

export class Session implements Answers {
  private analysis: Analysis | undefined
  private files: readonly PageFile[] = []
  private isUnderWay = false
  /** Captures grow: journeys are known by what lasts. */
  private isFollowed = false
  private listing: Listing | undefined
  /** The filter of what is listed. */
  private listedBy = ''
  /** All that the files tell of, whatever is listed; for counting what met each rule. */
  private all: readonly Group[] | undefined
  private rowsOf = new Rows(undefined)
  private seenValues: SeenValues | undefined
  private replayed: { id: string; replay: Replay | { reason: string } | undefined } | undefined

  readonly open = async (files: readonly PageFile[]): Promise<Opened> => {
    await this.show(files, false)
    this.isFollowed = false
    return openedOf(this.opened)
  }

  private async show(files: readonly PageFile[], isUnderWay: boolean): Promise<void> {
    this.analysis = await open(files.map(inputOf), { unmatched: true, isUnderWay })
    this.files = files
    this.isUnderWay = isUnderWay
    this.listing = undefined
    this.all = undefined
    this.replayed = undefined
    this.seenValues = undefined
    this.rowsOf = new Rows(undefined)
  }

  readonly follow = async ({ files, wanted, selected, isUnderWay }: Follow): Promise<Followed> => {
    // what was expanded is found again by the first of its packets
    const { expandedIds } = this.rowsOf
    const { analysis, listing, all, rowsOf, listedBy, files: shown, isUnderWay: was, isFollowed: followed } = this
    const before = { analysis, listing, all, rowsOf, listedBy, files: shown, isUnderWay: was, isFollowed: followed }
    try {
      await this.show(files, isUnderWay)
      this.isFollowed = true
      const listed = await this.select(wanted)
      this.rowsOf.expandAgain(expandedIds)
      const place = selected && this.rowsOf.find(selected)?.at
      return {
        opened: openedOf(this.opened),
        listed: { ...listed, rows: this.rowsOf.size },
        maps: this.map(),
        ...(place === undefined ? {} : { place }),
      }
    } catch (error) {
      // a file may have grown meanwhile; what was shown stays as it was
      Object.assign(this, before)
      throw error
    }
  }

  readonly select = async ({ filter, ...facets }: Wanted): Promise<Listed> => {
    const listing = await this.list(filter)
    const { opened, isFollowed } = this
    this.rowsOf = new Rows(listing, facets, isFollowed ? (id) => opened.lastingId(id) : String)
    return listedOf(this.rowsOf, listing)
  }

  /** The captures are read again where another filter is asked for. */
  private async list(filter: string): Promise<Listing> {
    if (this.listing && filter === this.listedBy) return this.listing
    const listing = await this.opened.listing(filter === '' ? {} : { filter })
    this.listing = listing
    this.listedBy = filter
    if (filter === '') this.all = listing.groups
    return listing
  }

  readonly rows = ({ from, to }: { from: number; to: number }): Row[] => this.rowsOf.between(from, to)

  readonly expand = (group: RowKey): number => this.rowsOf.expand(group)

  readonly look = (key: RowKey): Looked | undefined => {
    const found = this.rowsOf.find(key)
    if (!found) return undefined
    const { at, row, group, reply } = found
    const explanation = tellExplanation(group, row, this.listing!.ending, reply)
    return { place: at, rows: this.rowsOf.size, explanation }
  }

  readonly export = async ({ form, ...wanted }: Wanted & { form: ExportForm }): Promise<Uint8Array> => {
    const files = this.files.map(inputOf)
    const shown = this.rowsOf.narrowed
    // few ask for it, and a page need not wait for it
    const { exportAs } = await import('./export.ts')
    return exportAs(form, { files, isUnderWay: this.isUnderWay, wanted, shown })
  }

  readonly map = (): MapOf[] => this.opened.map().map(tellMap)

  readonly rulesets = async (changed: Changed | undefined): Promise<RulesetOf[]> => {
    const { machines } = this.opened
    const groups = await this.allGroups()
    if (!changed || changed.changes.length === 0) return tellRulesets(machines, groups)
    const of = machineOf(machines, changed.machine)
    const { world } = await changedBy(of.world, changed.changes)
    return tellRulesets(
      machines.map((one) => (one === of ? { ...one, world } : one)),
      groups,
      { changed: of.name },
    )
  }

  /** Rules are met by all packets, not only by those that a filter leaves in the list. */
  private async allGroups(): Promise<readonly Group[]> {
    if (!this.all && this.opened.hasCapture) this.all = (await this.opened.groups()).groups
    return this.all ?? []
  }

  readonly play = async ({ packet, journey, changes, machine, isBrief = false }: Play): Promise<Played> => {
    const replay = journey === undefined ? undefined : await this.replayOf(journey)
    const before = replay && 'world' in replay ? replay : { world: machineOf(this.opened.machines, machine).world }
    const { world, made } = await changedBy(before.world, changes)
    const read = typeof packet === 'string' ? readPacket(packet) : packet
    const warnings: Diagnostic[] = []
    const played = new PlayedGroups()
    const options = { unmatched: !isBrief, ...('assume' in before ? { assume: before.assume, ways: before.ways } : {}) }
    for (const one of playPackets(world, [read], warnings, options)) played.take(one)
    played.tellExchanges()
    const group = played.groups[0]!
    const ending = { inputs: [], warnings, stats: { bytes: 0, events: 0, journeys: 1, skipped: 0, lost: 0 } }
    const reply = played.replyOf(group)
    const told = tellExplanation(
      group,
      tellRow(group),
      isBrief ? undefined : ending,
      reply && { journey: reply, played: true },
    )
    return {
      ...(replay && 'reason' in replay ? { differs: printable(replay.reason.replace(/^not tried: /, '')) } : {}),
      explanation: { ...told, ...(machine === undefined ? {} : { machine }) },
      made,
      warnings: allPrintable(warningsOnPage(warningWords(warnings))),
    }
  }

  /** Reading the captures once more takes a while, and rules are tried one after the other. */
  private async replayOf(id: string): Promise<Replay | { reason: string } | undefined> {
    if (this.replayed?.id !== id) {
      const journey = this.journeyOf(id)
      this.replayed = { id, replay: journey === undefined ? undefined : await this.opened.replayOf(journey) }
    }
    return this.replayed.replay
  }

  readonly change = async ({ changes, machine }: Changed): Promise<Made[]> =>
    (await changedBy(machineOf(this.opened.machines, machine).world, changes)).made

  /** Fetched once two are compared. */
  readonly compare = async ({ a, b }: { a: string; b: string }): Promise<Compared> => {
    const [first, second] = [this.journeyOf(a), this.journeyOf(b)]
    if (first === undefined || second === undefined) throw new UserError('There is no such exchange any more.')
    return (await import('./compare.ts')).tellCompared(this.opened, first, second)
  }

  /** The number of a row's journey, as the files are by now. */
  private journeyOf(id: string): string | undefined {
    return this.isFollowed ? this.opened.idOfLasting(id) : id
  }

  /** Fetched once somebody types. Values are those of all exchanges, where these were listed. */
  readonly complete = async ({ filter, cursor }: { filter: string; cursor: number }): Promise<Completion> => {
    const { complete, SeenValues } = await import('./complete.ts')
    if (this.listing && (!this.seenValues || (this.listedBy === '' && this.seenValues.of !== this.listing)))
      this.seenValues = new SeenValues(this.listing)
    return complete(filter, cursor, this.seenValues)
  }

  readonly packet = (typed: TypedPacket): PacketForms => tellPacket(typed)

  private get opened(): Analysis {
    if (!this.analysis) throw new UserError('No file is open.')
    return this.analysis
  }
}

function inputOf({ name, folders, as, ...content }: PageFile): Input {
  const named = { name, ...(folders ? { folders } : {}), ...(as === undefined ? {} : { as }) }
  const time = 'mtime' in content && content.mtime !== undefined ? { mtime: content.mtime } : {}
  if ('bytes' in content) return { ...named, ...time, bytes: content.bytes }
  if ('file' in content) return { ...named, size: content.file.size, blocks: () => blocksOf(content.file) }
  const { url, size, edition } = content
  const blocks =
    edition === undefined ? () => servedBlocks(name, url, size) : () => grownBlocks(name, url, size, edition)
  return { ...named, size, blocks }
}

/** Bytes that are read at once. */
const BLOCK = 1 << 22

async function* blocksOf(file: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += BLOCK) yield new Uint8Array(await file.slice(at, at + BLOCK).arrayBuffer())
}

/** What makes changes reads commands, and is fetched once somebody asks what if. */
async function changedBy(world: World, changes: readonly Change[]): Promise<{ world: World; made: Made[] }> {
  if (changes.length > 0) return (await import('./changes.ts')).makeChanges(world, changes)
  // with the packet as it is, a change is near; a server that is gone is told of then
  void import('./changes.ts').catch(() => {})
  return { world, made: [] }
}

/** The one of this name, or the first. Throws UserError. */
function machineOf(machines: readonly MachineInfo[], name: string | undefined): MachineInfo {
  const found = name === undefined ? machines[0] : machines.find((one) => one.name === name)
  if (found) return found
  throw new UserError(`No ruleset of ${name === undefined ? 'a machine' : printable(name)} is open.`)
}
