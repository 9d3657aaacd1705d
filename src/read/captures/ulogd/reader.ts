/** What ulogd2's JSON plugin writes, an object for each packet, in whatever form it comes: json/rows.ts cuts it into rows. */
import { once, type Report } from '../../../model/diagnostic.ts'
import { DeviceNames } from '../device-names.ts'
import type { CaptureContext, CaptureReader, CaptureStats } from '../format.ts'
import { leavesOf } from '../json/leaves.ts'
import { JsonRows } from '../json/rows.ts'
import { CUT_BEFORE_ENDS, FieldRow, numberOf } from '../rows/field-row.ts'
import { readIso, UtcMoment } from '../utc-moment.ts'
import { finishUlogd, ULOGD_FIELDS } from './fields.ts'
import { readFlattened } from './flattened.ts'

/** What ulogd2 calls itself where nobody gave it a name. */
const NO_HOST = 'Netfilter'
/** Hosts whose clock is kept. */
const MOST_HOSTS = 1000

export class UlogdReader implements CaptureReader {
  readonly stats: CaptureStats = { bytes: 0, skipped: 0 }
  private readonly context: CaptureContext
  private readonly devices: DeviceNames
  private readonly fields: FieldRow
  private readonly rows: JsonRows
  private readonly moments = new Map<string, UtcMoment>()
  private readonly tell: Report
  private host = ''
  private seconds: number | undefined
  private micros: number | undefined
  private timestamp: string | undefined

  constructor(context: CaptureContext) {
    this.context = context
    this.tell = once(context.report)
    this.devices = new DeviceNames(context.states.names, context.links)
    this.fields = new FieldRow(context, this.devices)
    this.rows = new JsonRows({
      row: (...row) => this.row(...row),
      other: (text, line) => this.other(text, line),
      tooLong: (line) => this.skip('row-too-long', 'a row of more than 4 MB was skipped', line),
    })
  }

  push(chunk: Uint8Array): void {
    this.stats.bytes += chunk.length
    this.rows.push(chunk)
  }

  end(): void {
    this.rows.end()
    this.devices.end(this.context.report)
  }

  private row(text: string, line: number, whole: boolean, isEnd: boolean): void {
    this.begin()
    leavesOf(text, this.take)
    finishUlogd(this.fields)
    if (isEnd && this.context.states.isRest(this.fields.row)) this.skip('row-cut', CUT_BEFORE_ENDS, line)
    else if (this.fields.event(this.moment(), line)) {
      if (!whole) this.tell('row-cut', 'a row ends early; its complete fields are used', line)
    } else if (!whole || text.includes('"oob.')) this.skip('not-a-packet', 'a row without a prefix was skipped', line)
  }

  private other(text: string, line: number): void {
    this.begin()
    const isRow = readFlattened(text, this.take)
    if (isRow && this.fields.event(this.moment(), line)) return
    if (text.includes('"oob.') || text.includes('TRACE:'))
      this.skip('not-a-packet', 'a part of a row was skipped', line)
  }

  private begin(): void {
    this.fields.begin()
    this.host = ''
    this.seconds = this.micros = this.timestamp = undefined
  }

  private readonly take = (name: string, value: string): void => {
    const take = ULOGD_FIELDS.get(name)
    if (take) {
      take(this.fields, value)
      return
    }
    switch (name) {
      case 'dvc':
        this.host = value === NO_HOST ? '' : value
        break
      case 'oob.time.sec':
        this.seconds = numberOf(value)
        break
      case 'oob.time.usec':
        this.micros = numberOf(value)
        break
      case 'timestamp':
      case '@timestamp':
        this.timestamp = value
    }
  }

  private moment(): UtcMoment {
    const { host } = this
    this.fields.setHost(host)
    let moment = this.moments.get(host)
    if (!moment) {
      if (this.moments.size >= MOST_HOSTS) this.moments.clear()
      moment = new UtcMoment(host)
      this.moments.set(host, moment)
    }
    const [seconds, micros] =
      this.seconds === undefined ? (readIso(this.timestamp ?? '') ?? [Number.NaN, 0]) : [this.seconds, this.micros ?? 0]
    moment.set(seconds, micros < 1e6 ? micros : 0)
    return moment
  }

  private skip(code: string, message: string, line: number): void {
    this.stats.skipped++
    this.tell(code, message, line)
  }
}
