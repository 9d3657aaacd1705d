import type { Assignment } from '../../../model/statement.ts'
import { atLeastOne, atMostOne, defineTarget, flag, type Values, word } from '../extension.ts'
import { printXmark, xmark, xmarkOptions } from '../values/marks.ts'
import { hex, type Masked, readNumber, u32 } from '../values/numbers.ts'

// 32 is refused by the kernel
const shift = () => word((text) => readNumber(text, 31), String)

const options = {
  ...xmarkOptions,
  'save-mark': flag(),
  'restore-mark': flag(),
  nfmask: u32(),
  ctmask: u32(),
  mask: u32(),
  'left-shift-mark': shift(),
  'right-shift-mark': shift(),
}
type Given = Values<typeof options>

const OPERATIONS = [...Object.keys(xmarkOptions), 'save-mark', 'restore-mark']
const ALL = 0xffffffff

const masks = (values: Given) => ({
  nfmask: (values.nfmask ?? values.mask)?.value ?? ALL,
  ctmask: (values.ctmask ?? values.mask)?.value ?? ALL,
})

/** What `--set-xmark` and its kin write; a mask given besides replaces theirs. */
function setMark(values: Given): Masked | undefined {
  const set = xmark(values)
  return set && { value: set.value, mask: (values.ctmask ?? values.mask)?.value ?? set.mask }
}

/** Bits to the left; negative: to the right. */
const shiftOf = (values: Given) =>
  values['left-shift-mark']?.value ?? (values['right-shift-mark'] ? -values['right-shift-mark'].value : 0)

function assignments(values: Given): Assignment[] {
  const { nfmask, ctmask } = masks(values)
  const shift = shiftOf(values)
  const shifted = shift === 0 ? {} : { shift }
  const set = setMark(values)
  if (set) {
    const statements: Assignment[] = [{ kind: 'set', field: 'ct mark', ...set }]
    if (shift !== 0) statements.push({ kind: 'set', field: 'ct mark', value: { field: 'ct mark', shift }, mask: ALL })
    return statements
  }
  return values['save-mark']
    ? [{ kind: 'set', field: 'ct mark', value: { field: 'meta mark', mask: nfmask, ...shifted }, mask: ctmask }]
    : [{ kind: 'set', field: 'meta mark', value: { field: 'ct mark', mask: ctmask, ...shifted }, mask: nfmask }]
}

/** `-j CONNMARK`: sets the connection's mark, or copies between it and the packet's; the packet goes on (libxt_CONNMARK.c). */
export const CONNMARK = defineTarget({
  name: 'CONNMARK',
  options,
  check(values) {
    atLeastOne(values, ...OPERATIONS)
    atMostOne(values, ...OPERATIONS)
    for (const one of ['nfmask', 'ctmask']) atMostOne(values, 'mask', one)
    atMostOne(values, 'left-shift-mark', 'right-shift-mark')
  },
  print(values) {
    const { nfmask, ctmask } = masks(values)
    const shift = shiftOf(values)
    const set = setMark(values)
    return [
      ...(set
        ? printXmark(set)
        : [values['save-mark'] ? '--save-mark' : '--restore-mark', '--nfmask', hex(nfmask), '--ctmask', hex(ctmask)]),
      ...(shift === 0 ? [] : [shift > 0 ? '--left-shift-mark' : '--right-shift-mark', String(Math.abs(shift))]),
    ]
  },
  statements: assignments,
})
