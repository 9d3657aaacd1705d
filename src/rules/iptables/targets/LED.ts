import { defineTarget, flag, type Option, printOptions, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'

const FOREVER = 0xffffffff

/** `inf` is printed as a signed number, which LED itself cannot read again; here it can. */
const delay: Option<number> = word(
  (text) => (/^inf|^-1$/i.test(text) ? FOREVER : readNumber(text)),
  (value) => String(value | 0),
)

/** Always quoted, and not cut off where it is too long. */
const triggerId: Option<string> = word(
  (text) => {
    if (new TextEncoder().encode(text).length > 16) throw new WordError(`"${text}" is longer than 16 bytes`)
    return text
  },
  (id) => `"${id.replace(/["\\]/g, '\\$&')}"`,
  { required: true },
)

const options = {
  'led-trigger-id': triggerId,
  'led-delay': delay,
  'led-always-blink': flag(),
}

/** `-j LED`: lets a light blink; the packet goes on (libxt_LED.c). */
export const LED = defineTarget({
  name: 'LED',
  options,
  print({ 'led-delay': delay, ...values }, context) {
    return printOptions(options, delay?.value ? { ...values, 'led-delay': delay } : values, context)
  },
  statements: () => [{ kind: 'note', text: 'a light blinks' }],
})
