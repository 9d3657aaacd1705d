/** Lines of a report as they grow: a label in front, text behind it that keeps to its column. */

import { columns } from '../../model/columns.ts'
import type { PrintOptions } from '../../model/command.ts'
import { allPrintable, printable, printableAscii } from '../../model/printable.ts'
import { DEFAULT_FORM_OPTIONS, type FormOptions } from '../form.ts'
import { ASCII, type Marks, UNICODE } from '../marks.ts'
import { wrap } from './layout.ts'
import { makePaint, type Paint, type Style } from './paint.ts'

/** Where the text behind labels begins. */
export const TEXT_COLUMN = 9
const LABEL_COLUMN = 2
const MARK_COLUMN = 7
/** Narrower makes no readable lines; a narrower terminal breaks them itself. */
const NARROWEST = 40

export interface RowOptions {
  style?: Style
  labelStyle?: Style
  /** In the column before the text, on the first line. */
  mark?: string
}

export class Page {
  readonly width: number
  readonly full: boolean
  readonly quiet: boolean
  readonly hosts: boolean
  readonly marks: Marks
  readonly paint: Paint
  private readonly lines: string[] = []

  constructor(options: Partial<FormOptions>) {
    const { width, colour, unicode, full, quiet = false, hosts = false } = { ...DEFAULT_FORM_OPTIONS, ...options }
    this.width = Math.max(NARROWEST, width)
    this.full = full
    this.quiet = quiet
    this.hosts = hosts
    this.marks = unicode ? UNICODE : ASCII
    this.paint = makePaint(colour)
  }

  /** What comes from an input, as it may be shown here. */
  clean<T>(data: T): T {
    return allPrintable(data, this.marks === ASCII ? printableAscii : printable)
  }

  /** How commands are printed. */
  get printing(): PrintOptions {
    return { ascii: this.marks === ASCII }
  }

  /** Columns that a row's text has. */
  get room(): number {
    return this.width - TEXT_COLUMN
  }

  line(text = ''): void {
    this.lines.push(text.trimEnd())
  }

  /** `  why  text`, the text wrapped. */
  row(label: string, text: string, options: RowOptions = {}): void {
    this.rows(label, wrap(text, this.room), options)
  }

  /** The same for lines that are wrapped already; they hold no colours. */
  rows(label: string, lines: readonly string[], { style, labelStyle = 'cyan', mark = '' }: RowOptions = {}): void {
    const { paint } = this
    lines.forEach((text, i) => {
      const body = style ? paint(text, style) : text
      if (i > 0) {
        this.line(' '.repeat(TEXT_COLUMN) + body)
        return
      }
      const gap = ' '.repeat(Math.max(0, MARK_COLUMN - LABEL_COLUMN - columns(label)))
      const sign = paint(mark, 'bold') + ' '.repeat(TEXT_COLUMN - MARK_COLUMN - columns(mark))
      this.line(' '.repeat(LABEL_COLUMN) + paint(label, labelStyle) + gap + sign + body)
    })
  }

  /** Takes what there is. */
  take(): string {
    return this.lines
      .splice(0)
      .map((line) => `${line}\n`)
      .join('')
  }
}
