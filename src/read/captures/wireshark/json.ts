/** `tshark -T json` and `-T ek` (two lines for each packet, the first of them for Elasticsearch). */
import type { CaptureContext, CaptureReader, CaptureStats } from '../format.ts'
import { leavesOf } from '../json/leaves.ts'
import { JsonRows } from '../json/rows.ts'
import { FIELD_NAMES } from './fields.ts'
import { WiresharkRow } from './row.ts'

export class TsharkJsonReader implements CaptureReader {
  readonly stats: CaptureStats = { bytes: 0, skipped: 0 }
  private readonly row: WiresharkRow
  private readonly rows: JsonRows

  constructor(context: CaptureContext) {
    this.row = new WiresharkRow(context, this.stats)
    this.rows = new JsonRows({
      row: (...row) => this.read(...row),
      other: () => {},
      tooLong: (line) => this.row.skip('row-too-long', 'a row of more than 4 MB was skipped', line),
    })
  }

  push(chunk: Uint8Array): void {
    this.stats.bytes += chunk.length
    this.rows.push(chunk)
  }

  end(): void {
    this.rows.end()
    this.row.close()
  }

  private read(text: string, line: number, whole: boolean, isEnd: boolean): void {
    this.row.begin()
    leavesOf(text, (name, value) => {
      const field = FIELD_NAMES.get(name)
      if (field !== undefined) this.row.take(field, value)
    })
    if (!whole && !isEnd) this.row.tell('row-cut', 'a row ends early; its complete fields are used', line)
    this.row.end(line, isEnd)
  }
}
