import { defineMatch, word } from '../extension.ts'
import { printU32, readU32 } from '../values/u32.ts'

/** `-m u32 --u32 TESTS`: four bytes anywhere in the packet (libxt_u32.c). */
export const u32 = defineMatch({
  name: 'u32',
  options: { u32: word(readU32, printU32, { invert: true, required: true }) },
  conditions({ u32 }) {
    const { value, not } = u32!
    const text = `${not ? '! ' : ''}--u32 ${printU32(value)}`
    return [{ kind: 'unknown', text, reason: "the packet's bytes are not shown" }]
  },
})
