/** What a query gives, for a person, as JSON and as CSV. */
import { columns as widthOf } from '../model/columns.ts'
import { printable, printableJson } from '../model/printable.ts'
import type { QueryDocument } from '../reports/documents.ts'
import type { FormOptions } from '../reports/index.ts'
import { pad, wrap } from '../reports/text/layout.ts'
import { Page } from '../reports/text/page.ts'

type Value = string | number | boolean | null
export type AnswerForm = 'text' | 'json' | 'csv'

export interface AnswerWriter {
  begin(columns: readonly string[]): void
  row(values: readonly Value[]): void
  end(): void
}

export function openAnswer(form: AnswerForm, terminal: FormOptions, out: { write(text: string): void }): AnswerWriter {
  switch (form) {
    case 'json':
      return jsonWriter(out)
    case 'csv':
      return csvWriter(out)
    case 'text':
      return new TextWriter(terminal, out)
  }
}

const SCHEMA: QueryDocument['schema'] = 'nfwhy.query/1'

/** A row a line; what is not known is left out. */
function jsonWriter(out: { write(text: string): void }): AnswerWriter {
  let names: readonly string[] = []
  let first = true
  return {
    begin(columns) {
      names = columns
      out.write(`{"schema":"${SCHEMA}",\n"columns":${printableJson(columns)},\n"rows":[`)
    },
    row(values) {
      const known = names.flatMap((name, i) => (values[i] === null ? [] : [[name, values[i]]]))
      out.write(`${first ? '' : ','}\n${printableJson(Object.fromEntries(known))}`)
      first = false
    },
    end: () => out.write('\n]}\n'),
  }
}

/** RFC 4180, but for the line's end; what is not known is empty. */
function csvWriter(out: { write(text: string): void }): AnswerWriter {
  const line = (values: readonly Value[]) => out.write(`${values.map(csvCell).join(',')}\n`)
  return { begin: line, row: line, end() {} }
}

function csvCell(value: Value): string {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows by which it is decided how they are laid out. */
const LOOKED_AT = 200
const BETWEEN = '  '

/** A table where it has room; else each row is a block, its first value on top. */
class TextWriter implements AnswerWriter {
  private readonly page: Page
  private readonly width: number
  private readonly out: { write(text: string): void }
  private names: readonly string[] = []
  private waiting: string[][] | undefined = []
  /** Of a table's columns; undefined: rows are blocks. */
  private widths: number[] | undefined
  private right: boolean[] = []
  private isEmpty = true

  constructor(terminal: FormOptions, out: { write(text: string): void }) {
    this.page = new Page(terminal)
    this.width = terminal.width
    this.out = out
  }

  begin(columns: readonly string[]): void {
    this.names = columns.map(printable)
    this.right = columns.map(() => true)
  }

  row(values: readonly Value[]): void {
    this.isEmpty = false
    values.forEach((value, i) => {
      if (value !== null && typeof value !== 'number') this.right[i] = false
      if (isTime(this.names[i]!, value)) this.right[i] = false
    })
    const texts = values.map((value, i) => textOf(this.names[i]!, value))
    if (!this.waiting) this.write(texts)
    else {
      this.waiting.push(texts)
      if (this.waiting.length === LOOKED_AT) this.decide()
    }
  }

  end(): void {
    if (this.waiting) this.decide()
    if (this.isEmpty) this.page.line('no rows')
    this.flush()
  }

  private decide(): void {
    const rows = this.waiting ?? []
    this.waiting = undefined
    const widths = this.names.map((name, i) => Math.max(widthOf(name), ...rows.map((row) => widthOf(row[i]!))))
    const total = widths.reduce((sum, one) => sum + one + BETWEEN.length, -BETWEEN.length)
    const isPlain = rows.every((row) => row.every((text) => !text.includes('\n')))
    if (isPlain && total <= this.width) this.widths = widths
    if (this.widths && rows.length > 0) this.page.line(this.page.paint(this.lineOf(this.names), 'bold'))
    for (const row of rows) this.write(row)
  }

  private lineOf(texts: readonly string[]): string {
    return texts
      .map((text, i) =>
        this.right[i] ? ' '.repeat(Math.max(0, this.widths![i]! - widthOf(text))) + text : pad(text, this.widths![i]!),
      )
      .join(BETWEEN)
      .trimEnd()
  }

  private write(texts: readonly string[]): void {
    if (this.widths) this.page.line(this.lineOf(texts))
    else this.writeBlock(texts)
    this.flush()
  }

  private writeBlock([first = '', ...others]: readonly string[]): void {
    for (const line of wrap(first === '' ? `${this.names[0]} unknown` : first.replaceAll('\n', ' '), this.width))
      this.page.line(this.page.paint(line, 'bold'))
    const words = others.flatMap((text, i) =>
      text === '' ? [] : [`${this.names[i + 1]} ${text.replaceAll('\n', ' ')}`],
    )
    let line = ''
    const between = ` ${this.page.marks.between} `
    for (const word of words) {
      if (line !== '' && widthOf(line) + widthOf(between) + widthOf(word) > this.width - 2) {
        for (const part of wrap(line, this.width - 2)) this.page.line(`  ${part}`)
        line = word
      } else line = line === '' ? word : line + between + word
    }
    if (line !== '') for (const part of wrap(line, this.width - 2)) this.page.line(`  ${part}`)
  }

  private flush(): void {
    this.out.write(this.page.take())
  }
}

/** Microseconds since 1970, of a column that is named so. */
const isTime = (name: string, value: Value): value is number =>
  typeof value === 'number' && value > 1e14 && value < 1e16 && /^(?:time|stored)$|_time$/.test(name)

function textOf(name: string, value: Value): string {
  if (value === null) return ''
  if (isTime(name, value))
    return new Date(value / 1000).toISOString().replace(/\.\d+Z$/, `.${String(value % 1e6).padStart(6, '0')}Z`)
  return typeof value === 'string' ? value.split('\n').map(printable).join('\n') : String(value)
}
