/** The IP header's type-of-service byte with a mask, or by one of five old names (libxtables xtopt_parse_tosmask). */
import { wordTable } from '../../../model/word-table.ts'
import { type Option, WordError, word } from '../extension.ts'
import { type Masked, readMasked } from './numbers.ts'

const NAMES: Readonly<Record<string, number>> = wordTable({
  'minimize-delay': 0x10,
  'maximize-throughput': 0x08,
  'maximize-reliability': 0x04,
  'minimize-cost': 0x02,
  'normal-service': 0x00,
})

const twoDigits = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`

/** Always with the mask. */
export const printTos = ({ value, mask }: Masked): string => `${twoDigits(value)}/${twoDigits(mask)}`

/** `VALUE[/MASK]` or a name, which means 6 bits (`nameMask`). */
export const tosOption = (nameMask: number, more: Partial<Option<Masked>> = {}): Option<Masked> =>
  word(
    (text) => {
      const named = NAMES[text.toLowerCase()]
      if (named !== undefined) return { value: named, mask: nameMask }
      if (!/^\d/.test(text)) throw new WordError(`"${text}" is none of ${Object.keys(NAMES).join(', ')}`)
      return readMasked(text, 0xff)
    },
    printTos,
    more,
  )
