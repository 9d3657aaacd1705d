/**
 * What rows of a class share: a template (reports/line-templates.ts) of their text, taken apart into values that are the
 * same for all of them and values that are put together for each. The database gets the former once for a batch.
 */
import type { Value } from '../model/member.ts'
import type { Template } from '../reports/template.ts'
import { cellsOf } from './row.ts'

/** Stands for a value of its own. */
const SLOT = '\x1c'

/** Text with values of its own between. */
export class OwnCell {
  readonly column: number
  private readonly texts: readonly string[]
  private readonly slots: readonly number[]

  constructor(column: number, texts: readonly string[], slots: readonly number[]) {
    this.column = column
    this.texts = texts
    this.slots = slots
  }

  fill(values: readonly Value[]): string {
    let text = this.texts[0]!
    for (let i = 0; i < this.slots.length; i++) text += String(values[this.slots[i]!]) + this.texts[i + 1]!
    return text
  }
}

/** One row: empty where `own` has the value. */
export interface ShapeRow {
  readonly shared: readonly string[]
  readonly own: readonly OwnCell[]
}

/** Rows of one table after the other, as in the text. */
export type Shape = readonly (readonly ShapeRow[])[]

const shapes = new WeakMap<Template, Shape>()

export function shapeOf(template: Template): Shape {
  let shape = shapes.get(template)
  if (!shape) {
    const slots = template.slots[Symbol.iterator]()
    shape = cellsOf(template.texts.join(SLOT)).map((rows) => rows.map((cells) => rowOf(cells, slots)))
    shapes.set(template, shape)
  }
  return shape
}

function rowOf(cells: readonly string[], slots: Iterator<number>): ShapeRow {
  const own: OwnCell[] = []
  const shared = cells.map((cell, column) => {
    const texts = cell.split(SLOT)
    if (texts.length === 1) return cell
    own.push(
      new OwnCell(
        column,
        texts,
        Array.from({ length: texts.length - 1 }, () => slots.next().value as number),
      ),
    )
    return ''
  })
  return { shared, own }
}

/** Of one journey or exchange alone: nothing in it is left open. */
export const shapeOfText = (text: string): Shape =>
  cellsOf(text).map((rows) => rows.map((shared) => ({ shared, own: [] })))
