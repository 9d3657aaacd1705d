/** Differentiated services code points by number or class (extensions/dscp_helper.c). */
import { type Option, WordError, word } from '../extension.ts'
import { readNumber } from './numbers.ts'

/** In the order they are looked for. */
const CLASSES: readonly [string, number][] = [
  ['CS0', 0x00],
  ['CS1', 0x08],
  ['CS2', 0x10],
  ['CS3', 0x18],
  ['CS4', 0x20],
  ['CS5', 0x28],
  ['CS6', 0x30],
  ['CS7', 0x38],
  ['BE', 0x00],
  ['AF11', 0x0a],
  ['AF12', 0x0c],
  ['AF13', 0x0e],
  ['AF21', 0x12],
  ['AF22', 0x14],
  ['AF23', 0x16],
  ['AF31', 0x1a],
  ['AF32', 0x1c],
  ['AF33', 0x1e],
  ['AF41', 0x22],
  ['AF42', 0x24],
  ['AF43', 0x26],
  ['EF', 0x2e],
]

/** Two hex digits. */
export const printDscp = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`

export const dscpNumber = (more: Partial<Option<number>> = {}) =>
  word((text) => readNumber(text, 0x3f), printDscp, more)

/** iptables looks only at the beginning: `AF11x` is AF11. */
export const dscpClass = (more: Partial<Option<number>> = {}) =>
  word(
    (text) => {
      const found = CLASSES.find(([name]) => text.toUpperCase().startsWith(name))
      if (!found) throw new WordError(`"${text}" is not a class (${CLASSES.map(([name]) => name).join(', ')})`)
      return found[1]
    },
    printDscp,
    more,
  )
