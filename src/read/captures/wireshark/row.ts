/**
 * One row of Wireshark's, in whatever form → an event. Where it has the record's own attributes (`nflog.tlv`), these are
 * read as from the capture itself, and nothing is missing; else the fields are taken as they are named.
 */
import { once, type Report } from '../../../model/diagnostic.ts'
import { DeviceNames } from '../device-names.ts'
import type { CaptureContext, CaptureStats } from '../format.ts'
import { NflogMessages } from '../nflog/messages.ts'
import { CUT_BEFORE_ENDS, FieldRow } from '../rows/field-row.ts'
import { noStamp } from '../stamp.ts'
import type { PacketStates } from '../states.ts'
import { readEpoch, readIso, UtcMoment } from '../utc-moment.ts'
import { holdsError, isOfTransport, WIRESHARK_FIELDS } from './fields.ts'

/** A netlink message is no longer. */
const MOST_RECORD = 1 << 17
const AF_INET = 2

export class WiresharkRow {
  private readonly stats: CaptureStats
  private readonly states: PacketStates
  private readonly devices: DeviceNames
  private readonly fields: FieldRow
  private readonly messages: NflogMessages
  private readonly values = new Map<string, string>()
  private readonly tlvs: string[] = []
  private readonly moment = new UtcMoment()
  private readonly record = new Uint8Array(MOST_RECORD)
  private readonly view = new DataView(this.record.buffer)
  readonly tell: Report
  private isPacket = false
  /** Two packets of IP, as in an ICMP error or a tunnel: the transport's fields are of the inner one. */
  private holdsAnother = false

  constructor(context: CaptureContext, stats: CaptureStats) {
    this.tell = once(context.report)
    this.stats = stats
    this.states = context.states
    this.devices = new DeviceNames(context.states.names, context.links)
    this.fields = new FieldRow(context, this.devices)
    this.messages = new NflogMessages(context, this.devices)
  }

  begin(): void {
    this.values.clear()
    this.tlvs.length = 0
    this.isPacket = this.holdsAnother = false
  }

  /** `field` as fields.ts has it. The first of several is the packet's own; others are of what it quotes. */
  take(field: string, value: string): void {
    this.isPacket = true
    if (field === 'nflog.tlv') this.tlvs.push(value)
    else if (!this.values.has(field)) this.values.set(field, value)
    else if (isSource(field)) this.holdsAnother = true
    if (isSource(field) && value.includes(',')) this.holdsAnother = true
  }

  /** There is no more of it. `isCut`: the capture ends in its midst. */
  end(line: number, isCut = false): void {
    if (!this.isPacket) return
    this.readTime()
    // half an attribute is none
    if (this.tlvs.length > 0 && !isCut) {
      const { length, little } = this.joinTlvs()
      if (this.messages.take(this.record, this.view, 0, length, little, this.moment, line)) return
    }
    this.fields.begin()
    const isOuter = this.holdsAnother || holdsError(this.values)
    for (const [field, take] of WIRESHARK_FIELDS) {
      if (isOuter && isOfTransport(field)) continue
      const value = this.values.get(field)
      if (value !== undefined && (value !== '' || field === 'nflog.prefix')) take(this.fields, firstOf(field, value))
    }
    if (isCut && this.states.isRest(this.fields.row)) this.skip('row-cut', CUT_BEFORE_ENDS, line)
    else if (!this.fields.event(this.moment, line)) this.withoutPrefix(line)
    else if (isCut) this.tell('row-cut', 'a row ends early; its complete fields are used', line)
  }

  close(): void {
    this.messages.end()
    this.stats.lost = this.messages.lost
  }

  private withoutPrefix(line: number): void {
    const protocols = this.values.get('frame.protocols')
    if (protocols !== undefined && !protocols.startsWith('nflog')) {
      const message = `its packets are of link type ${protocols.split(':')[0]}; netfilter's verdicts are only in captures of link type NFLOG (239), as written by tcpdump -i nflog`
      this.tell('other-link-type', message, line)
    } else this.skip('not-a-packet', 'a row without a prefix was skipped', line)
  }

  private readTime(): void {
    const epoch = this.values.get('frame.time_epoch') ?? ''
    const time = readEpoch(epoch) ?? readIso(epoch)
    if (time) {
      this.moment.set(...time)
      return
    }
    const shown = this.values.get('col.time') ?? ''
    const seconds = readEpoch(shown)
    const known = seconds && seconds[0] > 1e8 ? seconds : readIso(shown)
    this.moment.set(...(known ?? [Number.NaN, 0]))
    // since the capture began: good for telling how long something took
    if (!known && seconds) {
      this.moment.stamp = noStamp
      this.moment.clock = seconds[0] * 1e6 + seconds[1]
    }
  }

  /** The attributes with their four bytes in front, as in the capture. */
  private joinTlvs(): { length: number; little: boolean } {
    const { record } = this
    record.fill(0, 0, 4)
    record[0] = Number(this.values.get('nflog.family') ?? AF_INET)
    let length = 4
    let little = true
    for (const tlv of this.tlvs)
      for (const digits of tlv.split(',')) {
        const from = length
        length = this.putHex(digits, length)
        if (length - from >= 4) little = (record[from]! | (record[from + 1]! << 8)) === length - from
        while (length & 3 && length < MOST_RECORD) record[length++] = 0
      }
    return { length, little }
  }

  private putHex(digits: string, from: number): number {
    const { record } = this
    let at = from
    const step = digits[2] === ':' ? 3 : 2
    for (let i = 0; i + 2 <= digits.length && at < MOST_RECORD; i += step) {
      const byte = Number.parseInt(digits.slice(i, i + 2), 16)
      if (Number.isNaN(byte)) break
      record[at++] = byte
    }
    return at
  }

  skip(code: string, message: string, line: number): void {
    this.stats.skipped++
    this.tell(code, message, line)
  }
}

const isSource = (field: string): boolean => field === 'ip.src' || field === 'ipv6.src'

/** tshark joins what a field has several times in one packet by commas. */
const firstOf = (field: string, value: string): string =>
  field === 'nflog.prefix' || field.startsWith('col.') ? value : value.split(',', 1)[0]!
