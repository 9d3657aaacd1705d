/** IP protocols given to matches by name or number (XTTYPE_PROTOCOL). */
import { type Option, WordError, word } from '../extension.ts'
import { PROTOCOL_NAMES, protocolName, protocolNumber } from '../protocols.ts'

/** Kept under its name, printed as its number. */
export const protocolOption = (more: Partial<Option<string>> = {}) =>
  word(
    (text) => {
      const number = protocolNumber(text)
      if (number === undefined) throw new WordError(`"${text}" is not a protocol`, PROTOCOL_NAMES)
      return protocolName(number)
    },
    (name) => String(protocolNumber(name)),
    more,
  )
