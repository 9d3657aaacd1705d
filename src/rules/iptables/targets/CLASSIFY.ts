import { defineTarget, HOOKS_OUT, type Option, WordError, word } from '../extension.ts'

const fourDigits = (value: number): string => value.toString(16).padStart(4, '0')

/** Two hex numbers of 16 bits; what follows them is not looked at. */
const classId: Option<number> = word(
  (text) => {
    const match = /^\s*(?:0x)?([0-9a-f]+):\s*(?:0x)?([0-9a-f]+)/i.exec(text)
    if (!match) throw new WordError(`"${text}" is not a class (MAJOR:MINOR)`)
    const [major, minor] = [match[1]!, match[2]!].map((digits) => Number.parseInt(digits.slice(-4), 16))
    return major! * 0x10000 + minor!
  },
  (value) => `${fourDigits(value >>> 16)}:${fourDigits(value & 0xffff)}`,
  { required: true },
)

/** `-j CLASSIFY --set-class MAJOR:MINOR`: the traffic class the packet is queued in; the packet goes on (libxt_CLASSIFY.c). */
export const CLASSIFY = defineTarget({
  name: 'CLASSIFY',
  hooks: HOOKS_OUT,
  options: { 'set-class': classId },
  statements: (values) => [{ kind: 'set', field: 'meta priority', value: values['set-class']!.value }],
})
