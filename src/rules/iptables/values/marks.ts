/** The ways to change a mark that MARK and CONNMARK share: all mean new = (old & ~mask) ^ value (libxt_MARK.c). */
import type { Values } from '../extension.ts'
import { hex, type Masked, maskedOption, u32 } from './numbers.ts'

export const xmarkOptions = {
  'set-xmark': maskedOption(),
  'set-mark': maskedOption(),
  'and-mark': u32(),
  'or-mark': u32(),
  'xor-mark': u32(),
}

/** Undefined where none of the options is given. */
export function xmark(values: Values<typeof xmarkOptions>): Masked | undefined {
  const { 'set-xmark': xset, 'set-mark': set, 'and-mark': and, 'or-mark': or, 'xor-mark': xor } = values
  if (xset) return xset.value
  // --set-mark 0x2/0x1 sets the bit that is outside the mask, too
  if (set) return { value: set.value.value, mask: (set.value.value | set.value.mask) >>> 0 }
  if (and) return { value: 0, mask: ~and.value >>> 0 }
  if (or) return { value: or.value, mask: or.value }
  if (xor) return { value: xor.value, mask: 0 }
  return undefined
}

export const printXmark = ({ value, mask }: Masked): string[] => ['--set-xmark', `${hex(value)}/${hex(mask)}`]
